//! Seeded chance that is the same on every machine: no logarithm, whose last bit differs between C libraries.

/// An exponential variate with mean 1, by von Neumann's comparisons of uniform ones.
pub(crate) fn exponential(chance: &mut fastrand::Rng) -> f64 {
    let mut whole = 0.0;
    loop {
        let first = chance.f64();
        let (mut last, mut falling) = (first, 1);
        loop {
            let next = chance.f64();
            if next > last {
                break;
            }
            last = next;
            falling += 1;
        }
        if falling % 2 == 1 {
            return whole + first;
        }
        whole += 1.0;
    }
}

#[test]
fn the_mean_and_the_spread_are_one() {
    let mut chance = fastrand::Rng::with_seed(1);
    let drawn: Vec<f64> = (0..20_000).map(|_| exponential(&mut chance)).collect();
    let mean = drawn.iter().sum::<f64>() / 20_000.0;
    let squares = drawn.iter().map(|one| (one - mean) * (one - mean));
    let variance = squares.sum::<f64>() / 20_000.0;
    assert!((mean - 1.0).abs() < 0.03 && (variance - 1.0).abs() < 0.06);
}
