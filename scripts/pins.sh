# Every version that set-up gets, with the SHA-256 of what arrives. `scripts/setup` reads this file.
#
# A wheel is asked for by its tags and not by the machine's Python, so that the same bytes arrive
# whatever Python does the asking.

# Debian packages that building and running need.
packages_run=(
  # the compiler's helpers: the bindings of GStreamer and OpenCV are made at build time
  pkg-config g++ clang libclang1
  libopencv-core-dev libopencv-imgproc-dev libopencv-video-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  # elements: base converts, good has qtdemux and RTSP, bad parses H.264 and H.265, ugly encodes
  # the generated scenes (x264enc), libav decodes
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav
  # what the generated scenes write on plates
  fonts-opendin
)
# Debian packages that only the tests need: a camera, a broker, a database, and a browser with a
# font.
packages_test=(
  libgstrtspserver-1.0-dev mosquitto postgresql chromium fonts-liberation
)

onnxruntime_version=1.23.2
onnxruntime_wheel_x86_64=da44b99206e77734c5819aa2142c69e64f3b46edc3bd314f6a45a932defc0b3e
onnxruntime_wheel_aarch64=bbfd2fca76c855317568c1b36a885ddea2272c13cb0e395002c402f2360429a6

# The picture is the same in every wheel; it is the picture that is checked.
scikit_image_version=0.25.2
portrait_sha256=88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5

htmx_version=2.0.8
htmx_sha256=22283ef68cb7545914f0a88a1bdedc7256a703d1d580c1d255217d0a50d31313
htmx_sse_version=2.2.4
htmx_sse_sha256=3b5992a541619babefc4c169505af474df5c3039da51e59b96ccf9241ecd61d2

nextest_version=0.9.148
nextest_wheel_x86_64=76d7faec7ba7e1f15f888268761bb1449309b1eb801ec5cbe9c04a5685f42968
nextest_wheel_aarch64=ec00da98aa8e0c0e9520219a00f68290e62da70f0574e03110dc94393711df11
deny_version=0.20.2
deny_wheel_x86_64=ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee
deny_wheel_aarch64=0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141
