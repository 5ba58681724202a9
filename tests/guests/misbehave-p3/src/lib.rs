//! A function of WASI 0.3 that does, by path, what functions should not do, and what they rarely do.

use std::sync::atomic::{AtomicU32, Ordering};

use wasip3::clocks::monotonic_clock::{now, wait_for};
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, HeaderError, Request, Response, Scheme};
use wasip3::wit_bindgen::StreamResult;
use wasip3::{spawn_local, wit_future, wit_stream};

struct Misbehave;

wasip3::http::service::export!(Misbehave);

static CALLS: AtomicU32 = AtomicU32::new(0);
/// Calls of `/gather`, `/hold`, `/stubborn` and `/touchy` that are in this instance now, and the most there were.
static HELD: AtomicU32 = AtomicU32::new(0);
static MOST: AtomicU32 = AtomicU32::new(0);

impl wasip3::exports::http::handler::Guest for Misbehave {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let value: u64 = query.parse().unwrap_or(0);
        match path {
            "/calls" => Ok(text(format!(
                "{}\n",
                CALLS.fetch_add(1, Ordering::Relaxed) + 1
            ))),
            "/error" => Err(ErrorCode::InternalError(Some("out of cheese".into()))),
            "/trap" => panic!("on purpose"),
            "/wait" => {
                wait_for(value * 1_000_000).await;
                Ok(text("waited\n".into()))
            }
            "/gather" => {
                let _held = Held::enter();
                while u64::from(MOST.load(Ordering::Relaxed)) < value {
                    wait_for(1_000_000).await;
                }
                Ok(text(format!("{}\n", CALLS.load(Ordering::Relaxed))))
            }
            "/hold" => {
                let _held = Held::enter();
                wait_for(u64::MAX).await;
                Ok(text("held for ever\n".into()))
            }
            "/stubborn" => {
                let _stubborn = Stubborn(Held::enter());
                wait_for(u64::MAX).await;
                Ok(text("held for ever\n".into()))
            }
            "/touchy" => {
                let _touchy = Touchy(Held::enter());
                wait_for(u64::MAX).await;
                Ok(text("held for ever\n".into()))
            }
            "/held" => Ok(text(format!(
                "{} {}\n",
                HELD.load(Ordering::Relaxed),
                MOST.load(Ordering::Relaxed)
            ))),
            "/burn" => {
                let mut count = 0u64;
                while count < value * 1_000_000 {
                    count = std::hint::black_box(count.wrapping_add(1));
                }
                Ok(text("burnt\n".into()))
            }
            "/say" => {
                println!("{query} begins");
                wait_for(10_000_000).await;
                println!("{query} ends");
                Ok(text("said\n".into()))
            }
            "/sleep" => {
                std::thread::sleep(std::time::Duration::from_millis(value));
                Ok(text("slept\n".into()))
            }
            "/forever" => {
                wait_for(u64::MAX).await;
                Ok(text("for ever is over\n".into()))
            }
            "/pending" => {
                std::future::pending::<()>().await;
                Ok(text("never\n".into()))
            }
            "/spin" => spin(),
            "/yield" => loop {
                wasip3::wit_bindgen::yield_async().await;
            },
            "/spin-later" => {
                spawn_local(async {
                    wait_for(1_000_000).await;
                    spin()
                });
                Ok(text("out before it spins\n".into()))
            }
            "/wait-later" => {
                spawn_local(async move {
                    wait_for(value * 1_000_000).await;
                    println!("waited later");
                });
                Ok(text("out before it waits\n".into()))
            }
            "/trap-later" => {
                let (mut body, response) = open();
                spawn_local(async move {
                    body.write_all(b"half of".to_vec()).await;
                    wait_for(value * 1_000_000).await;
                    panic!("on purpose")
                });
                Ok(response)
            }
            "/leave-open" => {
                let (mut body, response) = open();
                spawn_local(async move {
                    body.write_all(b"half of".to_vec()).await;
                    std::mem::forget(body);
                });
                Ok(response)
            }
            "/cancel" => {
                let long = wait_for(3_600_000_000_000);
                let before = now();
                futures_race(long, wait_for(value * 1_000_000)).await;
                Ok(text(format!("{}\n", now() - before >= value * 1_000_000)))
            }
            "/streams" => {
                let mut made = 0u64;
                loop {
                    std::mem::forget(wit_stream::new::<u8>());
                    made += 1;
                    if made == value {
                        return Ok(text("made\n".into()));
                    }
                }
            }
            "/calls-under-way" => loop {
                let mut call = Box::pin(wait_for(3_600_000_000_000));
                poll_once(call.as_mut()).await;
                std::mem::forget(call);
            },
            "/memory" => {
                let mut held = Vec::new();
                loop {
                    held.push(vec![1u8; 1 << 20]);
                    wait_for(1).await;
                }
            }
            "/large" => {
                let (mut body, response) = open();
                spawn_local(async move {
                    let mut left = value as usize;
                    while left > 0 {
                        let piece = left.min(65_536);
                        if !body.write_all(vec![b'x'; piece]).await.is_empty() {
                            return;
                        }
                        left -= piece;
                    }
                });
                Ok(response)
            }
            "/copy" => Ok(copy(request)),
            "/ignore-body" => Ok(text("not read\n".into())),
            "/count" => {
                let (_, received) = wit_future::new(|| Ok(()));
                let (contents, trailers) = Request::consume_body(request, received);
                let bytes = contents.collect().await;
                let names: Vec<String> = match trailers.await? {
                    Some(fields) => fields.copy_all().into_iter().map(|(name, _)| name).collect(),
                    None => vec![],
                };
                Ok(text(format!("{} [{}]\n", bytes.len(), names.join(","))))
            }
            "/fields" => Ok(text(fields())),
            "/trailers" => {
                let (mut body, contents) = wit_stream::new();
                let (trailers_out, trailers) = wit_future::new(|| Ok(None));
                let headers = Fields::new();
                headers.append("trailer", b"x-after").expect("a valid header");
                let (response, _) = Response::new(headers, Some(contents), trailers);
                spawn_local(async move {
                    body.write_all(b"before\n".to_vec()).await;
                    drop(body);
                    let fields = Fields::new();
                    fields.append("x-after", b"all of it").expect("a valid header");
                    let _ = trailers_out.write(Ok(Some(fields))).await;
                });
                Ok(response)
            }
            "/declared" => {
                let headers = Fields::new();
                headers
                    .append("content-length", value.to_string().as_bytes())
                    .expect("a valid header");
                let (mut body, contents) = wit_stream::new();
                let (_, trailers) = wit_future::new(|| Ok(None));
                spawn_local(async move {
                    body.write_all(b"four".to_vec()).await;
                });
                Ok(Response::new(headers, Some(contents), trailers).0)
            }
            "/status" => {
                let response = text(String::new());
                let result = response.set_status_code(value as u16);
                Ok(text(format!("{result:?}\n")))
            }
            "/sent" => {
                let (mut body, contents) = wit_stream::new();
                let (_, trailers) = wit_future::new(|| Ok(None));
                let (response, sent) = Response::new(Fields::new(), Some(contents), trailers);
                spawn_local(async move {
                    body.write_all(b"sent\n".to_vec()).await;
                    drop(body);
                    println!("arrived: {:?}", sent.await);
                });
                Ok(response)
            }
            "/fetch" => {
                let (outgoing, _) = {
                    let (_, trailers) = wit_future::new(|| Ok(None));
                    Request::new(Fields::new(), None, trailers, None)
                };
                let _ = outgoing.set_scheme(Some(&Scheme::Http));
                let _ = outgoing.set_authority(Some(query));
                match client::send(outgoing).await {
                    Ok(response) => {
                        let status = response.get_status_code();
                        let (_, received) = wit_future::new(|| Ok(()));
                        let (contents, _) = Response::consume_body(response, received);
                        let bytes = contents.collect().await;
                        Ok(text(format!("{status} {}\n", bytes.len())))
                    }
                    Err(code) => Ok(text(format!("{code:?}\n"))),
                }
            }
            "/exit" => std::process::exit(3),
            "/no-contents" => {
                let (_, trailers) = wit_future::new(|| Ok(None));
                Ok(Response::new(Fields::new(), None, trailers).0)
            }
            _ => Ok(text("nothing to see\n".into())),
        }
    }
}

/// A call that is counted as long as it lasts.
struct Held;

impl Held {
    fn enter() -> Held {
        CALLS.fetch_add(1, Ordering::Relaxed);
        let now = HELD.fetch_add(1, Ordering::Relaxed) + 1;
        MOST.fetch_max(now, Ordering::Relaxed);
        Held
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When its call is cancelled, it blocks all of the instance.
struct Stubborn(#[allow(dead_code)] Held);

impl Drop for Stubborn {
    fn drop(&mut self) {
        std::thread::sleep(std::time::Duration::from_secs(3600));
    }
}

/// When its call is cancelled, it traps.
struct Touchy(#[allow(dead_code)] Held);

impl Drop for Touchy {
    fn drop(&mut self) {
        panic!("cancelled")
    }
}

fn text(body: String) -> Response {
    let (mut writer, response) = open();
    spawn_local(async move {
        writer.write_all(body.into_bytes()).await;
    });
    response
}

fn open() -> (wasip3::wit_bindgen::StreamWriter<u8>, Response) {
    let (body, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    (body, Response::new(Fields::new(), Some(contents), trailers).0)
}

/// Byte by byte through the guest, where an echo would only hand the stream on.
fn copy(request: Request) -> Response {
    let (_, received) = wit_future::new(|| Ok(()));
    let (mut contents, trailers) = Request::consume_body(request, received);
    let (mut body, copied) = wit_stream::new();
    spawn_local(async move {
        loop {
            let (result, bytes) = contents.read(Vec::with_capacity(65_536)).await;
            if !body.write_all(bytes).await.is_empty() || result == StreamResult::Dropped {
                return;
            }
        }
    });
    Response::new(Fields::new(), Some(copied), trailers).0
}

fn fields() -> String {
    let fields = Fields::new();
    let tell = |result: Result<(), HeaderError>| format!("{result:?}\n");
    let mut told = String::new();
    told += &tell(fields.append("Fine", b"1"));
    told += &tell(fields.append("bad name", b"1"));
    told += &tell(fields.append("fine", b"bad\nvalue"));
    told += &tell(fields.append("Connection", b"close"));
    told += &tell(fields.append("large", &vec![b'x'; 200_000]));
    told += &format!("{:?}\n", fields.get("FINE"));
    told += &format!("{:?}\n", fields.get_and_delete("fine"));
    told += &format!("{}\n", fields.has("fine"));
    told
}

fn spin() -> ! {
    let mut count = 0u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

async fn futures_race(left: impl Future<Output = ()>, right: impl Future<Output = ()>) {
    let mut left = Box::pin(left);
    let mut right = Box::pin(right);
    std::future::poll_fn(|context| {
        if left.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        right.as_mut().poll(context)
    })
    .await
}

async fn poll_once(mut call: std::pin::Pin<&mut impl Future<Output = ()>>) {
    std::future::poll_fn(|context| {
        let _ = call.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await
}

use std::future::Future;
