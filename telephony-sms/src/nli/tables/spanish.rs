//! Spanish: 3GPP TS 23.038, clause A.2.2. Its locking shift, A.3.2, is void.

/// The single shift table: the septet after the escape, and its character.
#[rustfmt::skip]
pub(super) const SINGLE: &[(u8, char)] = &[
    (0x09, 'ç'), (0x0A, '\x0C'), (0x14, '^'), (0x28, '{'), (0x29, '}'), (0x2F, '\\'), (0x3C, '['),
    (0x3D, '~'), (0x3E, ']'), (0x40, '|'), (0x41, 'Á'), (0x49, 'Í'), (0x4F, 'Ó'), (0x55, 'Ú'),
    (0x61, 'á'), (0x65, '€'), (0x69, 'í'), (0x6F, 'ó'), (0x75, 'ú'),
];
