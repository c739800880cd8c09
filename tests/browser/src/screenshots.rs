//! A picture of each view, for somebody to look at.

use std::path::Path;

use anyhow::Result;

use crate::browser::Browser;

/// A view: what its pictures are called, where it is below the page's address, and what to open on it.
pub type View = (&'static str, &'static str, &'static str);

/// Of the emulator's page.
pub const EMULATOR: &[View] = &[
    ("events", "", "td.name a"),
    ("automations", "/automations", "details.plus summary"),
    ("runs", "/runs", "td.name a"),
    ("messages", "/messages", "td.name a"),
    ("profiles", "/profiles", "td.name a"),
    ("tenants", "/tenants", "td.name a"),
];

/// Of a run's own.
pub const RUN: &[View] = &[
    ("run-events", "", "td.name a"),
    ("run-refused", "?outcome=refused", "td.name a"),
    ("run-automations", "/automations", "details.plus summary"),
];

pub async fn take(
    browser: &Browser,
    page: &str,
    views: &[View],
    folder: &Path,
    scheme: &str,
) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, path, open) in views {
        browser.client.goto(&format!("{page}{path}")).await?;
        let save = async |name: String| -> Result<()> {
            let picture = browser.client.screenshot().await?;
            Ok(std::fs::write(folder.join(format!("{name}-{scheme}.png")), picture)?)
        };
        browser.see(open).await?;
        save((*name).to_owned()).await?;
        browser.ask(&format!("document.querySelector('{open}').click()")).await?;
        browser.until("document.querySelector('#details, details[open]')").await?;
        save(format!("{name}-open")).await?;
    }
    Ok(())
}
