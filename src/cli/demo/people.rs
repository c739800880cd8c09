//! People who use a shop by subscription: they sign up, join a team, look, buy, and change their minds. The same seed gives
//! the same people, who do the same things.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Time;

const GIVEN: [&str; 16] = [
    "Amara", "Bruno", "Chiara", "Dilan", "Edda", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kaya",
    "Liam", "Mira", "Noor", "Oskar", "Pia",
];
const FAMILY: [&str; 12] = [
    "Adeyemi",
    "Berg",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Gupta",
    "Horvat",
    "Ito",
    "Jansen",
    "Kowalska",
    "Lindqvist",
];
const TEAMS: [(&str, &str); 8] = [
    ("acorn", "Acorn Cycles"),
    ("birch", "Birch & Daughters"),
    ("cobalt", "Cobalt Press"),
    ("dune", "Dune Robotics"),
    ("ember", "Ember Bakery"),
    ("fjord", "Fjord Films"),
    ("grove", "Grove Health"),
    ("harbour", "Harbour Freight Forwarding"),
];
const GOODS: [(&str, u32); 6] = [
    ("Desk lamp", 4900),
    ("Field notebook", 1200),
    ("Linen shirt", 6900),
    ("Moka pot", 3400),
    ("Travel mug", 2100),
    ("Wool blanket", 11900),
];
const PLANS: [&str; 3] = ["trial", "team", "business"];

/// Everybody, and what they have done.
#[derive(Debug)]
pub(super) struct People {
    all: Vec<Person>,
    /// How many of them have come so far
    known: usize,
    chance: fastrand::Rng,
}

#[derive(Clone, Copy, Debug, Default)]
struct Person {
    /// How many events there were of them
    done: usize,
    plan: usize,
    /// What they look at
    good: usize,
}

impl People {
    pub(super) fn new(count: usize, seed: u64) -> Self {
        let all = vec![Person::default(); count.max(1)];
        Self { all, known: 0, chance: fastrand::Rng::with_seed(seed) }
    }

    /// What somebody does next, and the chance an id can be made of.
    pub(super) fn next(&mut self, now: Time) -> (String, u128) {
        let who = self.who();
        let chance = self.chance.u128(..);
        let person = self.all.get(who).copied().unwrap_or_default();
        let (person, act) = self.act(who, person);
        if let Some(kept) = self.all.get_mut(who) {
            *kept = person;
        }
        let mut event = json!({
            "userId": format!("user_{:04}", who + 1),
            "messageId": Uuid::from_u128(chance).to_string(),
            "originalTimestamp": now.to_string(),
            "sentAt": now.to_string(),
            "channel": "server",
            "context": {"library": {"name": "courier-sink demo"}},
            "integrations": {"All": true},
        });
        if let (Value::Object(event), Value::Object(act)) = (&mut event, act) {
            event.extend(act);
        }
        (event.to_string(), chance)
    }

    /// Somebody. A fifth of events are of newcomers, as long as there are any.
    fn who(&mut self) -> usize {
        if self.known == 0 || self.known < self.all.len() && self.chance.u32(..5) == 0 {
            self.known += 1;
            return self.known - 1;
        }
        self.chance.usize(..self.known)
    }

    fn act(&mut self, who: usize, mut person: Person) -> (Person, Value) {
        let done = person.done;
        person.done += 1;
        let act = match done {
            0 => identify(who, person.plan),
            1 => {
                json!({"type": "track", "event": "Account Created", "properties": {"method": "email"}})
            }
            2 => group(who),
            _ => match self.chance.u32(..100) {
                0..40 => {
                    person.good = self.chance.usize(..GOODS.len());
                    self.goods("Product Viewed", person.good, 1)
                }
                40..60 => {
                    let quantity = self.chance.u32(1..4);
                    self.goods("Product Added", person.good, quantity)
                }
                60..74 => self.order(person.good),
                74..84 => {
                    let days = self.chance.u32(1..8);
                    track("Trial Ending", json!({"days_left": days}))
                }
                84..90 => track("Password Reset Requested", json!({"channel": "email"})),
                90..96 => {
                    person.plan = (person.plan + 1) % PLANS.len();
                    identify(who, person.plan)
                }
                _ => group(who),
            },
        };
        (person, act)
    }

    fn goods(&mut self, event: &str, good: usize, quantity: u32) -> Value {
        let (name, cents) = one(&GOODS, good);
        let sku = format!("SKU-{:03}", 100 + good);
        let properties = json!({"sku": sku, "name": name, "price": price(cents),
            "quantity": quantity, "source": one(&["search", "email", "home"], self.chance.usize(..3))});
        track(event, properties)
    }

    fn order(&mut self, good: usize) -> Value {
        let (name, cents) = one(&GOODS, good);
        let quantity = self.chance.u32(1..4);
        let properties = json!({
            "order_id": format!("ord_{:06}", self.chance.u32(..1_000_000)),
            "total": price(cents * quantity),
            "currency": "EUR",
            "products": [{"sku": format!("SKU-{:03}", 100 + good), "name": name, "quantity": quantity}],
        });
        track("Order Completed", properties)
    }
}

fn identify(who: usize, plan: usize) -> Value {
    let (given, family) = (one(&GIVEN, who), one(&FAMILY, who / GIVEN.len() + who));
    let email =
        format!("{}.{}{}@example.com", given.to_lowercase(), family.to_lowercase(), who + 1);
    json!({"type": "identify", "traits": {
        "firstName": given,
        "lastName": family,
        "email": email,
        "phone": format!("+1555{:07}", 100_000 + who),
        "plan": one(&PLANS, plan),
    }})
}

fn group(who: usize) -> Value {
    let (id, name) = one(&TEAMS, who);
    json!({"type": "group", "groupId": id, "traits": {"name": name, "employees": 12 + 7 * id.len()}})
}

fn track(event: &str, properties: Value) -> Value {
    let mut act = json!({"type": "track", "event": event});
    if let Value::Object(act) = &mut act {
        act.insert("properties".to_owned(), properties);
    }
    act
}

/// Cents as a price.
fn price(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

/// One of several, going round.
fn one<T: Copy, const N: usize>(all: &[T; N], at: usize) -> T {
    *all.iter().cycle().nth(at % N).expect("a cycle over something never ends")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    fn events(seed: u64) -> Vec<String> {
        let mut people = People::new(20, seed);
        (0..2_000).map(|_| people.next(Time::from_epoch(Duration::ZERO)).0).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_events_and_another_seed_others() {
        assert_eq!(events(1), events(1));
        assert_ne!(events(1), events(2));
    }

    #[test]
    fn everybody_is_introduced_first_and_ids_differ() {
        let (mut seen, mut ids) = (BTreeMap::new(), std::collections::BTreeSet::new());
        for event in events(3) {
            let event: Value = serde_json::from_str(&event).unwrap();
            assert!(ids.insert(event["messageId"].as_str().unwrap().to_owned()));
            let kind = event["type"].as_str().unwrap().to_owned();
            let user = event["userId"].as_str().unwrap().to_owned();
            let first = seen.entry(user).or_insert_with(|| kind.clone());
            assert_eq!(first, "identify");
        }
        assert_eq!(seen.len(), 20);
    }

    #[test]
    fn all_three_types_come_and_orders_have_totals() {
        let events = events(4);
        for kind in ["identify", "track", "group"] {
            let kind = format!("\"type\":\"{kind}\"");
            assert!(events.iter().any(|event| event.contains(&kind)), "{kind}");
        }
        assert!(
            events.iter().any(|event| event.contains("Order Completed") && event.contains("total"))
        );
    }
}
