//! How much processor time does one event take from its bytes to the HTTP request, in each mode?

use std::hint::black_box;

use bytes::Bytes;
use courier_sink::courier::Action;
use courier_sink::delivery::Call;
use courier_sink::event::{Origin, Seed, Trust};
use courier_sink::ingest::{self, Limits};
use courier_sink::plan::{self, Plan, Rules};
use courier_sink::transport::{BaseUrl, encode};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::HeaderValue;

mod support;

use support::cpu_time::CpuTime;

fn way_of(record: &Bytes, rules: &Rules, origin: &Origin, endpoint: &BaseUrl) {
    for event in ingest::decode(record, origin, &Limits::default()) {
        let Ok(event) = event else { continue };
        let Plan::Steps(steps) = plan::plan(&event, rules).plan else {
            continue;
        };
        for step in steps {
            if let Action::Request(request) = step.action {
                let call = Call::new(request, Some(step.seed));
                black_box(encode(&call, endpoint, HeaderValue::from_static("Bearer key")).ok());
            }
        }
    }
}

fn bench(criterion: &mut Criterion<CpuTime>) {
    let trust = Trust::Trusted;
    let origin = Origin { name: "bench".into(), line: None, seed: Seed::Random(1), trust };
    let endpoint = BaseUrl::new("https://api.courier.com").expect("a valid URL");
    let mut group = criterion.benchmark_group("decode_plan_encode");
    group.throughput(Throughput::Elements(1));
    for (name, rules) in support::modes() {
        for (kind, record) in
            [("track", support::track(1, 1)), ("identify", support::identify(1, 1))]
        {
            group.bench_function(format!("{name}/{kind}"), |bencher| {
                bencher.iter(|| way_of(&record, &rules, &origin, &endpoint));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = bench
}
criterion_main!(benches);
