//! The way through the page, step by step.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::browser::Browser;
use crate::program::validate;

/// The automation that is made on the way.
const AUTOMATION: &str = "order-thanks";

/// What the exported blocks are pasted below.
const SINK: &str = "data_dir = \"data\"\n\n[sources.events]\ntype = \"stdin\"\n\n[sinks.courier]\n\
                    type = \"courier\"\ninputs = [\"events\"]\napi_key = \"k\"\n\n";

/// How many events the page counts.
pub const TOTAL: &str =
    "Number(document.querySelector('.count b').textContent.replace(/\\D/g, ''))";

/// Keeps back the answer to a choice of type until something else that was asked for after it has been answered.
const HOLD_FIRST_ANSWER: &str = "(() => {
    const send = window.fetch;
    let held = false;
    window.fetch = async (url, options) => {
        const answer = await send(url, options);
        if (held) {
            window.refreshed = true;
        } else if (String(url).includes('type=track')) {
            held = true;
            while (!window.refreshed) await new Promise((done) => setTimeout(done, 20));
        }
        return answer;
    };
})()";

pub async fn walk(browser: &Browser, page: &str, program: &Path) -> Result<()> {
    a_slow_answer_is_waited_for(browser, page).await?;
    by_keyboard(browser, page).await?;
    events_arrive(browser, page).await?;
    find_an_order(browser).await?;
    link_it(browser).await?;
    see_a_run(browser, page).await?;
    let toml = export(browser, page).await?;
    validate(program, &format!("{SINK}{toml}")).await?;
    nothing_else_is_loaded(browser).await
}

/// They come without the page being loaded anew.
async fn events_arrive(browser: &Browser, page: &str) -> Result<()> {
    browser.client.goto(page).await?;
    browser.see("tr[data-number]").await?;
    browser.ask("window.sameDocument = true").await?;
    let before = browser.ask(TOTAL).await?;
    browser.until(&format!("{TOTAL} > {before} + 5")).await?;
    ensure!(browser.ask("window.sameDocument").await? == true, "the page was loaded anew");
    Ok(())
}

/// What somebody asked for is not forgotten when there is news before it is answered.
async fn a_slow_answer_is_waited_for(browser: &Browser, page: &str) -> Result<()> {
    browser.client.goto(page).await?;
    browser.see("tr[data-number]").await?;
    browser.ask(HOLD_FIRST_ANSWER).await?;
    browser.ask("document.querySelector('a.count[href$=\"type=track\"]').click()").await?;
    browser.until("window.refreshed").await?;
    let is_track = "[...document.querySelectorAll('td.type .tag')].every((it) => it.classList.contains('track'))";
    browser.until(&format!("document.querySelector('tr[data-number]') && {is_track}")).await
}

/// The content is a key away, what redraws keeps the focus, and a form is left as it was entered.
async fn by_keyboard(browser: &Browser, page: &str) -> Result<()> {
    const TRACK: &str = "document.activeElement.matches('a.count[href$=\"type=track\"]')";
    browser.client.goto(page).await?;
    browser.see("tr[data-number]").await?;
    browser.press("\u{e004}").await?;
    browser.until("document.activeElement.className === 'skip'").await?;
    browser.press("\u{e007}").await?;
    browser.until("document.activeElement.id === 'view'").await?;
    browser.press("\u{e004}\u{e004}\u{e004}").await?;
    browser.until(TRACK).await?;
    let before = browser.ask(TOTAL).await?;
    browser.until(&format!("{TOTAL} > {before} + 3")).await?;
    ensure!(browser.ask(TRACK).await? == true, "news took the focus away");

    browser.client.goto(&format!("{page}/automations")).await?;
    let plus = "document.querySelector('tr[data-event=\"track/Product Viewed\"] summary')";
    browser.until(&format!("{plus} && ({plus}.focus(), true)")).await?;
    browser.press("\u{e007}").await?;
    browser.until(&format!("{plus}.parentElement.open")).await?;
    browser.press("\u{e004}\u{e00c}").await?;
    let closed = format!("!{plus}.parentElement.open && document.activeElement === {plus}");
    browser.until(&closed).await
}

/// By keyboard alone: search, go to the first row, open it.
pub async fn find_an_order(browser: &Browser) -> Result<()> {
    browser.press("/").await?;
    browser.until("document.activeElement.id === 'search'").await?;
    browser.press("Order Completed").await?;
    let is_found = "[...document.querySelectorAll('tbody td.name')].every((it) => it.textContent === 'Order Completed')";
    browser.until(&format!("document.querySelector('tr[data-number]') && {is_found}")).await?;
    browser.press("\u{e00c}").await?;
    browser.until("document.activeElement.id !== 'search'").await?;
    browser.press("j").await?;
    browser.until("document.activeElement.id.startsWith('row-')").await?;
    browser.press("\u{e007}").await?;
    let payload = browser.text("#details .payload").await?;
    ensure!(payload.contains("order_id"), "the payload is not that of an order: {payload}");
    ensure!(browser.ask("window.sameDocument").await? == true, "the page was loaded anew");
    Ok(())
}

async fn link_it(browser: &Browser) -> Result<()> {
    // What somebody writes into is not replaced.
    let name = "document.querySelector('#link input[name=new]')";
    browser.until(&format!("({name}?.focus(), document.activeElement.name === 'new')")).await?;
    browser.press(&format!("{AUTOMATION}\u{e007}")).await?;
    browser
        .until(&format!(
            "document.querySelector('#link .chip')?.textContent.includes('{AUTOMATION}')"
        ))
        .await
}

async fn see_a_run(browser: &Browser, page: &str) -> Result<()> {
    browser.client.goto(&format!("{page}/runs")).await?;
    let name = format!(
        "[...document.querySelectorAll('td.name a')].find((it) => it.textContent === '{AUTOMATION}')"
    );
    browser.until(&name).await?;
    browser.ask(&format!("{name}.click()")).await?;
    let step = browser.text("#details .steps li").await?;
    ensure!(step.starts_with("send"), "the run's first step sends nothing: {step}");
    Ok(())
}

async fn export(browser: &Browser, page: &str) -> Result<String> {
    browser.client.goto(&format!("{page}/automations")).await?;
    let toml = browser.text("#toml").await?;
    ensure!(toml.contains(AUTOMATION) && toml.contains("track/Order Completed"), "{toml}");
    // What is shown is what is downloaded.
    let download = "(await (await fetch(document.querySelector('a[download]').href)).text())";
    let same = format!(
        "(async () => {download}.trim() === document.getElementById('toml').textContent.trim())()"
    );
    ensure!(browser.ask(&same).await? == true, "the download differs from what is shown");
    Ok(toml)
}

/// Everything came from where the page did.
pub async fn nothing_else_is_loaded(browser: &Browser) -> Result<()> {
    let foreign = browser
        .ask("performance.getEntriesByType('resource').map((it) => it.name).filter((it) => !it.startsWith(location.origin))")
        .await?;
    let foreign = foreign.as_array().context("a list of addresses")?.clone();
    ensure!(foreign.is_empty(), "something is loaded from elsewhere: {foreign:?}");
    Ok(())
}
