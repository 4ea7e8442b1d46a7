//! Drives a share through the `smb2` crate. usage: smb2-crate ADDRESS SHARE FOLDER USER PASSWORD

use std::error::Error;

fn check(what: &str, right: bool) -> Result<(), Box<dyn Error>> {
    println!("{what}: {}", if right { "ok" } else { "WRONG" });
    if right { Ok(()) } else { Err(what.into()) }
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().collect();
    let [_, address, share, folder, user, password] = &words[..] else {
        return Err("usage: smb2-crate ADDRESS SHARE FOLDER USER PASSWORD".into());
    };
    let mut client = smb2::connect(address, user, password).await?;
    let shares = client.list_shares().await?;
    check("list shares", shares.iter().any(|entry| entry.name == *share))?;
    let mut tree = client.connect_share(share).await?;
    let at = |name: &str| format!("{folder}/{name}");

    for length in [0, 1, 4096, 60_000, 70_000, 9_000_001] {
        let data = bytes(length);
        let name = at(&format!("whole {length}"));
        client.write_file(&tree, &name, &data).await?;
        if length <= 65536 {
            // One READ: no more than the smallest MaxReadSize a server may have.
            check("whole file", client.read_file(&mut tree, &name).await? == data)?;
        }
        check("pipelined read", client.read_file_pipelined(&mut tree, &name).await? == data)?;
        check("stat", client.stat(&mut tree, &name).await?.size == length as u64)?;
    }
    let data = bytes(20_000_003);
    client.write_file_pipelined(&tree, &at("pipelined"), &data).await?;
    check("pipelined write", client.read_file_pipelined(&mut tree, &at("pipelined")).await? == data)?;
    client.write_file_compound(&tree, &at("compound"), b"in one message").await?;
    check("compound", client.read_file_compound(&mut tree, &at("compound")).await? == b"in one message")?;

    client.create_directory(&tree, &at("made")).await?;
    client.rename(&tree, &at("compound"), &at("made/moved")).await?;
    let listing = client.list_directory(&mut tree, &at("made")).await?;
    check("listing", listing.iter().any(|entry| entry.name == "moved" && entry.size == 14))?;
    client.write_stream(&tree, &at("made/moved"), "note", b"beside").await?;
    check("stream", client.read_stream(&mut tree, &at("made/moved"), "note").await? == b"beside")?;
    check("main data", client.read_file(&mut tree, &at("made/moved")).await? == b"in one message")?;
    client.delete_file(&tree, &at("made/moved")).await?;
    client.delete_directory(&tree, &at("made")).await?;
    check("gone", client.stat(&mut tree, &at("made")).await.is_err())?;
    let space = client.fs_info(&mut tree).await?;
    check("space", space.total_bytes > 0 && space.free_bytes <= space.total_bytes)?;
    client.disconnect_share(&tree).await?;
    println!("all is well");
    Ok(())
}
