//! What somebody does who looks at the page for the first time, in a real browser: watch events arrive, open one, link it to
//! an automation, see the next one start a run, and take the mapping along as TOML that `validate` accepts. The same on the
//! page of a run, which shows no key and changes nothing.
//!
//! In: the program, and a folder for screenshots if they are wanted. Needs Chromium and its driver. Waits are for what is to
//! be seen, never for time; each has a limit.

mod browser;
mod program;
mod screenshots;
mod walk;
mod walk_run;

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
    let mut run = program::Run::start(&program).await?;
    let page = driver.open("light").await?;
    let walked = walk_run::walk(&page, &mut run).await;
    page.close().await?;
    walked?;
    if let Some(folder) = arguments.next() {
        for scheme in ["light", "dark"] {
            let page = driver.open(scheme).await?;
            let pictures = [(&demo.page, screenshots::EMULATOR), (&run.page, screenshots::RUN)];
            let taken = async {
                for (address, views) in pictures {
                    screenshots::take(&page, address, views, &folder, scheme).await?;
                }
                Ok::<_, anyhow::Error>(())
            };
            let taken = taken.await;
            page.close().await?;
            taken?;
        }
    }
    demo.stop().await?;
    // One of its events was none.
    run.stop(65).await?;
    println!("the page works in a browser");
    Ok(())
}
