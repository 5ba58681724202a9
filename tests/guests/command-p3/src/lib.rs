//! A command of WASI 0.3 by the CGI contract: answers with its input in capitals, or does what its query string says.

use wasip3::cli::{environment, stdin, stdout};
use wasip3::wit_bindgen::StreamResult;
use wasip3::wit_stream;

struct Command;

wasip3::cli::command::export!(Command);

impl wasip3::exports::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let query = environment::get_environment()
            .into_iter()
            .find_map(|(name, value)| (name == "QUERY_STRING").then_some(value))
            .unwrap_or_default();
        if query == "fail" {
            return Err(());
        }
        let (mut output, data) = wit_stream::new();
        let written = stdout::write_via_stream(data);
        output
            .write_all(b"content-type: text/plain\n\n".to_vec())
            .await;
        let (mut input, ended) = stdin::read_via_stream();
        loop {
            let (result, bytes) = input.read(Vec::with_capacity(16_384)).await;
            output.write_all(bytes.to_ascii_uppercase()).await;
            if result == StreamResult::Dropped {
                break;
            }
        }
        ended.await.map_err(|_| ())?;
        drop(output);
        written.await.map_err(|_| ())
    }
}
