//! What all requests hold: bounded, and fair to a large one.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_large_request_waits_for_room_while_new_ones_are_sent_away() {
    let settings = HttpServerSource {
        door: DoorConfig { max_in_flight_bytes: number(4000), ..settings().door },
        ..settings()
    };
    let mut served = Served::new(settings);
    let start = Instant::now();
    let (mut early, _task) = served.connect();
    early.write_all(post("early").as_bytes()).await.unwrap();
    let record = served.records.next().await.unwrap();
    let (mut large, _task) = served.connect();
    let text = format!(r#"{{"userId":"u","messageId":"large","x":"{}"}}"#, "y".repeat(5000));
    let head =
        format!("POST /v1/track HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n", text.len());
    large.write_all((head + &text).as_bytes()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let (mut late, _task) = served.connect();
    late.write_all(post("late").as_bytes()).await.unwrap();
    assert_eq!(answer(&mut late).await, (503, "Service Unavailable\n".to_owned()));
    record.finalizer.finalize(EventStatus::Delivered);
    assert_eq!(answer(&mut early).await.0, 200);
    let record = served.records.next().await.unwrap();
    assert!(matches!(&record.payload, Payload::Bytes(bytes) if bytes.len() > 5000));
    record.finalizer.finalize(EventStatus::Delivered);
    assert_eq!(answer(&mut large).await, (200, "ok".to_owned()));
    late.write_all(post("late").as_bytes()).await.unwrap();
    served.records.next().await.unwrap().finalizer.finalize(EventStatus::Delivered);
    assert_eq!(answer(&mut late).await.0, 200);
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_large_request_that_finds_no_room_is_sent_away_when_its_body_has_had_its_time() {
    let settings = HttpServerSource {
        door: DoorConfig { max_in_flight_bytes: number(4000), ..settings().door },
        ..settings()
    };
    let mut served = Served::new(settings);
    let (mut early, _task) = served.connect();
    early.write_all(post("early").as_bytes()).await.unwrap();
    let _kept = served.records.next().await.unwrap();
    let start = Instant::now();
    let (mut large, _task) = served.connect();
    let text = event(&"y".repeat(5000));
    let head =
        format!("POST /v1/track HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n", text.len());
    large.write_all((head + &text).as_bytes()).await.unwrap();
    assert_eq!(answer(&mut large).await.0, 503);
    assert_eq!(start.elapsed(), Duration::from_secs(30));
    let (mut late, _task) = served.connect();
    late.write_all(post("late").as_bytes()).await.unwrap();
    served.records.next().await.unwrap().finalizer.finalize(EventStatus::Delivered);
    assert_eq!(answer(&mut late).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_is_bounded_and_more_is_refused_at_once() {
    let settings = HttpServerSource {
        door: DoorConfig { max_in_flight_bytes: number(2000), ..settings().door },
        ..settings()
    };
    let served = Served::new(settings);
    let start = Instant::now();
    let mut clients = Vec::new();
    for id in 0..20 {
        let (mut client, _) = served.connect();
        client.write_all(post(&id.to_string()).as_bytes()).await.unwrap();
        clients.push(client);
        tokio::task::yield_now().await;
    }
    for client in &mut clients[4..] {
        let (head, body) = whole_answer(client).await;
        assert_eq!(body, "Service Unavailable\n");
        for said in [
            "http/1.1 503 ",
            "\r\nretry-after: 1\r\n",
            "\r\nx-content-type-options: nosniff\r\n",
            "\r\ncontent-type: text/plain; charset=utf-8\r\n",
        ] {
            assert!(head.contains(said), "{said}: {head}");
        }
    }
    assert_eq!((clients.len(), start.elapsed()), (20, Duration::ZERO));
}
