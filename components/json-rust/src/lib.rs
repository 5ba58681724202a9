//! A JSON API on the SDK for Rust: `POST` an order, have it back with its total. What is no order is answered with
//! status 400 and the place of the mistake.

use faas::{Request, Response};
use serde::{Deserialize, Serialize};

const MOST_BYTES: usize = 1024 * 1024;

faas::serve!(handle);

#[derive(Deserialize, Serialize)]
struct Item {
    name: String,
    count: u32,
    cents: u64,
}

#[derive(Deserialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Bill {
    items: Vec<Item>,
    total_cents: u64,
}

fn handle(request: Request) -> Response {
    if request.method() != "POST" {
        return failure(405, "POST an order").with_header("allow", "POST");
    }
    let body = match request.into_bytes(MOST_BYTES) {
        Ok(body) => body,
        Err(error) => return failure(413, &error.to_string()),
    };
    match serde_json::from_slice::<Order>(&body) {
        Ok(order) => bill(order),
        Err(error) => failure(400, &error.to_string()),
    }
}

fn bill(Order { items }: Order) -> Response {
    let cost = |item: &Item| u64::from(item.count).checked_mul(item.cents);
    let total = items.iter().try_fold(0u64, |sum, item| sum.checked_add(cost(item)?));
    match total {
        Some(total_cents) => answer(200, &Bill { items, total_cents }),
        None => failure(400, "the total is too large"),
    }
}

fn failure(status: u16, message: &str) -> Response {
    answer(status, &serde_json::json!({ "error": message }))
}

fn answer(status: u16, value: &impl Serialize) -> Response {
    // Of these types every value can be written.
    let json = serde_json::to_string(value).expect("JSON");
    Response::json(json).with_status(status)
}
