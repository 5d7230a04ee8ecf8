//! Measuring and splitting, beside the exact Rust peer and `str::is_ascii`, in one run.
//!
//! `cargo bench -p telephony-sms` writes the medians that `docs/performance.md` records.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark documents itself by its names")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sms_splitter::SplitSms;
use telephony_sms::{Boundary, SplitOptions, analyze, split};

/// The four texts, by name. Only the last is longer than one message may be.
fn texts() -> [(&'static str, String); 4] {
    let ascii = "The quick brown fox jumps over the lazy dog 0123456789. ";
    let gsm = "Meet me at {gate} 7, it's €5 entry; voilà: è già pronto per te! Bring a torch. ";
    let wide = "漢字とかな交じり文😀🎉天気がいいから散歩しましょう👍";
    let cut = |text: &str, characters: usize| -> String {
        text.chars().cycle().take(characters).collect()
    };
    [
        ("140 ASCII", cut(ascii, 140)),
        ("1600 GSM-7", cut(gsm, 1600)),
        ("1600 emoji and CJK", cut(wide, 1600)),
        ("1 MB ASCII", cut(ascii, 1_000_000)),
    ]
}

fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("analyze");
    for (name, text) in &texts() {
        group.bench_with_input(BenchmarkId::new("telephony-sms", name), text, |bencher, text| {
            bencher.iter(|| analyze(black_box(text)));
        });
        group.bench_with_input(BenchmarkId::new("sms_splitter", name), text, |bencher, text| {
            // The peer takes the text by value; the copy is not counted.
            bencher.iter_batched(
                || text.clone(),
                |text| SplitSms::default().split(text),
                BatchSize::PerIteration,
            );
        });
        group.bench_with_input(BenchmarkId::new("str::is_ascii", name), text, |bencher, text| {
            bencher.iter(|| black_box(text.as_str()).is_ascii());
        });
    }
    group.finish();
}

fn cut(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("split");
    let boundaries = [
        ("code point", Boundary::CodePoint),
        ("word", Boundary::Word),
        #[cfg(feature = "grapheme")]
        ("grapheme", Boundary::Grapheme),
    ];
    // A megabyte is more than 255 parts, which splitting refuses.
    for (name, text) in texts().iter().take(3) {
        for (boundary_name, boundary) in boundaries {
            let options = SplitOptions::new().boundary(boundary);
            let id = BenchmarkId::new(boundary_name, name);
            group.bench_with_input(id, text, |bencher, text| {
                bencher.iter(|| {
                    let parts = split(black_box(text), options).unwrap();
                    parts.map(|part| black_box(part).units).sum::<usize>()
                });
            });
        }
    }
    group.finish();
}

/// Time by byte must not grow with the text.
fn repeated_cluster(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one repeated cluster");
    for cluster in ["👨‍👩‍👧‍👦", "🇺🇳", "e\u{301}"] {
        for (name, size) in [("100 kB", 100_000), ("1 MB", 1_000_000)] {
            let text = cluster.repeat(size / cluster.len());
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_with_input(BenchmarkId::new(cluster, name), &text, |bencher, text| {
                bencher.iter(|| analyze(black_box(text)));
            });
        }
    }
    group.finish();
}

fn quick() -> Criterion {
    Criterion::default().sample_size(20)
}

criterion_group! { name = benches; config = quick(); targets = measure, cut, repeated_cluster }
criterion_main!(benches);
