//! The way through a run's own page: what its sources read is seen as it comes, and nothing can be changed.

use anyhow::{Result, ensure};

use crate::browser::Browser;
use crate::program::{KEY, Run};
use crate::walk::{TOTAL, find_an_order, nothing_else_is_loaded};

/// Enough of all types to fill a screen.
const EVENTS: &str = include_str!("../../../config-examples/quickstart.ndjson");

/// One that repeats the key, one that is for somebody else, and what is no event.
const ODD: &str = r#"{"type":"track","event":"Order Completed","userId":"careless","messageId":"k","properties":{"order_id":"o-1","note":"pk_walk_0123456789"}}
{"type":"track","event":"Order Completed","userId":"elsewhere","messageId":"s","properties":{"order_id":"o-2"},"integrations":{"All":false}}
{"type":"track","event":
"#;

const VIEWS: [&str; 3] = ["", "/automations", "?outcome=refused"];

pub async fn walk(browser: &Browser, run: &mut Run) -> Result<()> {
    let page = run.page.clone();
    events_arrive(browser, run, &page).await?;
    find_an_order(browser).await?;
    what_went_wrong(browser, &page).await?;
    a_key_is_masked(browser, &page).await?;
    try_a_link(browser, &page).await?;
    nothing_can_be_changed(browser, &page).await?;
    nothing_else_is_loaded(browser).await
}

/// They come without the page being loaded anew, each with its end.
async fn events_arrive(browser: &Browser, run: &mut Run, page: &str) -> Result<()> {
    browser.client.goto(page).await?;
    let waiting = browser.text(".nothing h2").await?;
    ensure!(waiting == "Waiting for the first event", "an empty page says: {waiting}");
    browser.ask("window.sameDocument = true").await?;
    let (some, others) =
        EVENTS.split_at(EVENTS.match_indices('\n').nth(29).map_or(0, |it| it.0 + 1));
    run.give(some).await?;
    browser.until(&format!("{TOTAL} === 30")).await?;
    let others: String = others.split_inclusive('\n').take(170).collect();
    run.give(&(others + ODD)).await?;
    browser.until(&format!("{TOTAL} === 203")).await?;
    let ends =
        "[...document.querySelectorAll('td.outcome')].map((it) => it.textContent.split(':')[0])";
    for end in ["delivered", "skipped", "rejected"] {
        browser.until(&format!("{ends}.includes('{end}')")).await?;
    }
    ensure!(browser.ask("window.sameDocument").await? == true, "the page was loaded anew");
    Ok(())
}

/// By its choice of outcome.
async fn what_went_wrong(browser: &Browser, page: &str) -> Result<()> {
    browser.client.goto(page).await?;
    browser.see("tr[data-number]").await?;
    browser.ask("document.querySelector('a.toggle').click()").await?;
    let all =
        "[...document.querySelectorAll('td.outcome')].every((it) => it.textContent === 'rejected')";
    browser.until(&format!("document.querySelector('tr[data-number]') && {all}")).await?;
    browser
        .until("document.querySelector('a.toggle').getAttribute('aria-pressed') === 'true'")
        .await?;
    browser.ask("document.querySelector('td.name a').click()").await?;
    let why = browser.text("#details dl").await?;
    ensure!(why.contains("Why"), "the details do not say why: {why}");
    Ok(())
}

async fn a_key_is_masked(browser: &Browser, page: &str) -> Result<()> {
    browser.client.goto(&format!("{page}?q=careless")).await?;
    browser.see("td.name a").await?;
    browser.ask("document.querySelector('td.name a').click()").await?;
    let payload = browser.text("#details .payload").await?;
    ensure!(payload.contains("\"note\": \"***"), "the note is not masked: {payload}");
    no_key_is_shown(browser).await
}

/// A link gives a block to paste, and the address alone knows of it.
async fn try_a_link(browser: &Browser, page: &str) -> Result<()> {
    browser.client.goto(&format!("{page}/automations")).await?;
    let plus = "document.querySelector('tr[data-event=identify] details.plus')";
    browser.until(&format!("{plus} && ({plus}.open = true)")).await?;
    let name = format!("{plus}.querySelector('input[name=new]')");
    browser.until(&format!("({name}.focus(), document.activeElement.name === 'new')")).await?;
    browser.press("welcome\u{e007}").await?;
    let block = browser.text("#toml").await?;
    ensure!(
        block.contains("on = \"identify\"") && block.contains("template = \"welcome\""),
        "{block}"
    );
    browser.client.goto(&format!("{page}/automations")).await?;
    browser.see("tr[data-event=identify]").await?;
    ensure!(browser.ask("document.getElementById('toml')").await?.is_null(), "a link was kept");
    Ok(())
}

async fn nothing_can_be_changed(browser: &Browser, page: &str) -> Result<()> {
    for view in VIEWS {
        browser.client.goto(&format!("{page}{view}")).await?;
        browser.see("main .card").await?;
        let forms = "document.querySelectorAll('form[method=post]').length";
        ensure!(browser.ask(forms).await? == 0, "a form of `{view}` changes something");
        no_key_is_shown(browser).await?;
        let post =
            "(async () => (await fetch(location.href, {method: 'POST', body: 'x=1'})).status)()";
        ensure!(browser.ask(post).await? == 405, "`{view}` takes what is posted");
    }
    Ok(())
}

async fn no_key_is_shown(browser: &Browser) -> Result<()> {
    let shown = format!("document.documentElement.outerHTML.includes('{KEY}')");
    ensure!(browser.ask(&shown).await? == false, "the API key is shown");
    Ok(())
}
