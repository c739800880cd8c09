//! What the benches share: events as SDKs send them, and rules for both modes.

pub(crate) mod cpu_time;

use bytes::Bytes;
use courier_sink::plan::{Direct, Inline, Integrations, Mode, Ordering, Rules};

/// A track event of about a kilobyte, as RudderStack delivers it.
pub(crate) fn track(user: usize, message: usize) -> Bytes {
    Bytes::from(format!(
        r#"{{"type":"track","event":"Order Completed","userId":"user-{user}","anonymousId":"a-{user}","messageId":"m-{message}","channel":"web","originalTimestamp":"2026-11-20T10:00:00.000Z","sentAt":"2026-11-20T10:00:01.000Z","context":{{"library":{{"name":"RudderLabs JavaScript SDK","version":"3.34.1"}},"locale":"en-GB","timezone":"GMT+0100","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36","page":{{"path":"/checkout","referrer":"https://shop.example.com/cart","title":"Checkout","url":"https://shop.example.com/checkout"}},"screen":{{"density":2,"width":1440,"height":900}}}},"integrations":{{"All":true}},"properties":{{"order_id":"o-{message}","total":149.90,"currency":"EUR","coupon":"","products":[{{"product_id":"p-1","name":"Lamp","price":99.90,"quantity":1}},{{"product_id":"p-2","name":"Bulb","price":25.00,"quantity":2}}]}}}}"#
    ))
}

/// An identify event, its traits in both places as the Node SDK has them.
pub(crate) fn identify(user: usize, message: usize) -> Bytes {
    Bytes::from(format!(
        r#"{{"type":"identify","userId":"user-{user}","messageId":"m-{message}","originalTimestamp":"2026-11-20T10:00:00.000Z","traits":{{"email":"user{user}@example.com","firstName":"Ada","lastName":"Byron","phone":"+4912345","plan":"pro","address":{{"street":"1 Main St","city":"Berlin","postalCode":"10115","country":"DE"}}}},"context":{{"traits":{{"email":"user{user}@example.com"}},"library":{{"name":"analytics-node","version":"3.0.13"}}}}}}"#
    ))
}

/// Rules with every option at its default.
pub(crate) fn rules(mode: Mode) -> Rules {
    Rules {
        sink: "bench".into(),
        mode,
        integrations: Integrations::default(),
        consent: None,
        inline: Inline::default(),
        ordering: Ordering::default(),
    }
}

/// Both modes under their names.
pub(crate) fn modes() -> [(&'static str, Rules); 2] {
    [
        ("direct", rules(Mode::Direct(Box::<Direct>::default()))),
        ("inbound", rules(Mode::Inbound { group: true })),
    ]
}
