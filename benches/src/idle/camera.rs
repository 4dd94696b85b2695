//! A network camera in a process of its own.

use anyhow::{Context as _, Result};
use gstreamer as gst;
use gstreamer_rtsp_server as rtsp;
use gstreamer_rtsp_server::prelude::*;
use std::{
    io::{Read as _, Write as _},
    path::Path,
    thread,
};

/// Sends an H.264 film, says its port in two bytes on standard output, and ends
/// when standard input does.
pub(super) fn serve(film: &Path) -> Result<()> {
    gst::init()?;
    let main_loop = gst::glib::MainLoop::new(None, false);
    let server = rtsp::RTSPServer::new();
    server.set_address("127.0.0.1");
    server.set_service("0");
    let factory = rtsp::RTSPMediaFactory::new();
    factory.set_launch(&format!(
        "( filesrc location=\"{}\" ! qtdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )",
        film.display()
    ));
    // Each lane sees the film from its beginning.
    factory.set_shared(false);
    let mounts = server.mount_points().context("the camera has no place")?;
    mounts.add_factory("/s", factory);
    server.attach(None)?;
    let port = u16::try_from(server.bound_port())?;
    let mut stdout = std::io::stdout();
    stdout.write_all(&port.to_le_bytes())?;
    stdout.flush()?;
    thread::spawn({
        let main_loop = main_loop.clone();
        move || {
            drop(std::io::stdin().read(&mut [0]));
            main_loop.quit();
        }
    });
    main_loop.run();
    Ok(())
}
