//! The path by which a carrier asks what one call is to do. Whoever knows the whole of it knows which
//! call it is, so it is not shown.

use std::borrow::Cow;

/// What stands between the path of webhooks and the [`Reference`](telephony_core::Reference) of a
/// call, which is a [`Token`](telephony_core::Token).
pub const VOICE_SEGMENT: &str = "/voice/";

/// The path of webhooks and the token of a call; `None` of another path.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    path.rsplit_once(VOICE_SEGMENT).filter(|(_, token)| {
        token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A path or a URL as it may be shown.
pub(crate) fn shown(path: &str) -> Cow<'_, str> {
    match split(path) {
        Some((path, _)) => format!("{path}{VOICE_SEGMENT}…").into(),
        None => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let token = "0123456789abcdef0123456789abcdef";
        assert_eq!(shown(&format!("/hook/voice/{token}")), "/hook/voice/…");
        assert_eq!(split(&format!("/hook/voice/{token}")), Some(("/hook", token)));
        for path in ["/hook", "/hook/voice/default", "/hook/voice/", "/hook/voice/prose%20of%20a"] {
            assert_eq!((shown(path).as_ref(), split(path)), (path, None));
        }
    }
}
