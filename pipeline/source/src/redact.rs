//! Takes secrets out of what is about to be said.

/// The text without the user information and query of any address in it, and without passwords that
/// are given as `password=…` and the like.
///
/// Camera makers put passwords into the path and the query too, so both are judged.
pub fn redact(text: &str) -> String {
    text.split_inclusive(char::is_whitespace)
        .map(|piece| {
            let word = piece.trim_end_matches(char::is_whitespace);
            redact_word(word) + &piece[word.len()..]
        })
        .collect()
}

fn redact_word(word: &str) -> String {
    let plain = match word.split_once("://") {
        None => word.to_owned(),
        Some((scheme, rest)) => {
            // A password may hold `@` and `/` unescaped: everything up to the last `@` goes.
            let rest = match rest.rsplit_once('@') {
                None => rest.to_owned(),
                Some((_user, host)) => format!("***@{host}"),
            };
            match rest.split_once('?') {
                None => format!("{scheme}://{rest}"),
                Some((before, _query)) => format!("{scheme}://{before}?***"),
            }
        }
    };
    let lower = plain.to_ascii_lowercase();
    let secret = [
        "password", "passwd", "user-pw", "pwd", "pass", "token", "secret",
    ]
    .iter()
    .filter_map(|name| {
        lower
            .find(&format!("{name}="))
            .map(|at| at + name.len() + 1)
    })
    .min();
    match secret {
        Some(at) => format!("{}***", &plain[..at]),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(redact(text), expect);
    }

    #[test]
    fn nothing_secret_is_left() {
        check("no secret here", "no secret here");
        check("rtsp://cam.local:554/a b", "rtsp://cam.local:554/a b");
        check(
            "at rtsp://admin:hunter2@10.0.0.2/s now",
            "at rtsp://***@10.0.0.2/s now",
        );
        check("rtsp://admin:p@s/s@10.0.0.2/s", "rtsp://***@10.0.0.2/s");
        check("rtsp://h/s?user=a&password=b", "rtsp://h/s?***");
        check(
            "rtsp://h/user=admin_password=tl_channel=1",
            "rtsp://h/user=admin_password=***",
        );
        check("rtspsrc user-pw=hunter2 ! x", "rtspsrc user-pw=*** ! x");
    }
}
