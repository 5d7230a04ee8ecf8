//! Measuring and splitting allocate nothing: a counting allocator says so.

use std::hint::black_box;

use telephony_sms::{Boundary, SplitOptions, analyze, split};

#[test]
fn measuring_and_splitting_allocate_nothing() {
    let texts = ["a".repeat(1600), "é{€".repeat(500), "漢😀".repeat(400), "one two ".repeat(99)];
    let boundaries = [
        Boundary::CodePoint,
        Boundary::Word,
        #[cfg(feature = "grapheme")]
        Boundary::Grapheme,
    ];
    let counted = allocation_counter::measure(|| {
        for text in &texts {
            black_box(analyze(text));
            for boundary in boundaries {
                let parts = split(text, SplitOptions::new().boundary(boundary)).unwrap();
                black_box(parts.map(|part| part.units).sum::<usize>());
            }
        }
    });
    assert_eq!(counted.count_total, 0);
    assert_eq!(allocation_counter::measure(|| drop(black_box(vec![1u8]))).count_total, 1);
}
