//! What somebody does who looks at the page for the first time, in a real browser: watch events arrive, open one, link it to
//! an automation, see the next one start a run, and take the mapping along as TOML that `validate` accepts.
//!
//! In: the program, and a folder for screenshots if they are wanted. Needs Chromium and its driver. Waits are for what is to
//! be seen, never for time; each has a limit.

mod browser;
mod program;
mod screenshots;
mod walk;

use std::path::PathBuf;

use anyhow::{Context, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let program = arguments.next().context("the program to test is the first argument")?;
    let demo = program::Demo::start(&program).await?;
    let driver = browser::Driver::start().await?;
    let page = driver.open("light").await?;
    let walked = walk::walk(&page, &demo.page, &program).await;
    page.close().await?;
    walked?;
    if let Some(folder) = arguments.next() {
        for scheme in ["light", "dark"] {
            let page = driver.open(scheme).await?;
            let taken = screenshots::take(&page, &demo.page, &folder, scheme).await;
            page.close().await?;
            taken?;
        }
    }
    demo.stop().await?;
    println!("the page works in a browser");
    Ok(())
}
