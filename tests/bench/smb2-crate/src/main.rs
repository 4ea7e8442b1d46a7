//! Loads an SMB server through the `smb2` crate: whole files, with as many requests under way as it sees fit. usage:
//!   smb2-load get|put address=HOST:PORT share=S user=U password=P file=F total=BYTES length=BYTES
//! Speaks as the load beside it does: "ready", a line of input, a line of JSON, a line of input.

use std::error::Error;
use std::fs;
use std::io::stdin;
use std::time::Instant;

fn word<'a>(words: &'a [String], key: &str) -> Result<&'a str, String> {
    words
        .iter()
        .find_map(|word| word.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| value)
        .ok_or(format!("no {key}"))
}

/// Nanoseconds this process has run, all its threads that still live.
fn cpu() -> Result<f64, Box<dyn Error>> {
    let mut sum = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        let figures = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += figures
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse::<f64>()?;
    }
    Ok(sum)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let get = words.first().ok_or("usage")? == "get";
    let (address, file) = (word(&words, "address")?, word(&words, "file")?);
    let (total, length): (u64, u64) = (
        word(&words, "total")?.parse()?,
        word(&words, "length")?.parse()?,
    );
    let mut client =
        smb2::connect(address, word(&words, "user")?, word(&words, "password")?).await?;
    let mut tree = client.connect_share(word(&words, "share")?).await?;
    let data = vec![7; if get { 0 } else { usize::try_from(length)? }];
    println!("ready");
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    let (began, before) = (Instant::now(), cpu()?);
    let (mut bytes, mut ops) = (0, 0);
    while bytes < total {
        let count = if get {
            client.read_file_pipelined(&mut tree, file).await?.len() as u64
        } else {
            client.write_file_pipelined(&tree, file, &data).await?
        };
        if count != length {
            return Err(format!("{count} bytes, not {length}").into());
        }
        bytes += count;
        ops += 1;
    }
    println!(
        "{{\"seconds\": {:.6}, \"cpu\": {:.6}, \"bytes\": {bytes}, \"ops\": {ops}}}",
        began.elapsed().as_secs_f64(),
        (cpu()? - before) / 1e9
    );
    stdin().read_line(&mut line)?;
    Ok(())
}
