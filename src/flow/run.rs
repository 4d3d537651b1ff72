//! The whole life of a request, read from top to bottom like Apigee's flow diagram.

use crate::flow::fault::Fault;
use crate::flow::host::{Direction, Host};
use crate::flow::transaction::{Stage, Transaction};
use crate::plan::Plan;

/// Runs a plan over one client request. Ends when nothing of the stream is left to do.
pub async fn run<H: Host>(plan: &Plan, host: &H) {
    let mut transaction = Transaction::new(plan, host);
    if let Err(fault) = request_flow(&mut transaction).await {
        return transaction.answer(fault);
    }
    transaction.publish();
    transaction.release(Direction::Request);
    if plan.response.is_empty() {
        return;
    }
    if !host.response().await {
        // Envoy's replies and our own are no response of the upstream (facts F7.3).
        return host.resume(Direction::Response);
    }
    transaction.stage = Stage::Response;
    if let Err(fault) = response_flow(&mut transaction).await {
        return transaction.answer(fault);
    }
    transaction.publish();
    transaction.release(Direction::Response);
}

async fn request_flow<H: Host>(transaction: &mut Transaction<'_, H>) -> Result<(), Fault> {
    let plan = transaction.plan;
    if plan.needs.request_body {
        let body = transaction.host.body(Direction::Request).await;
        transaction.fetch(Direction::Request, body);
    } else if !plan.response.is_empty() {
        // Request headers are gone when the response comes (facts F5.10).
        transaction.fetch(Direction::Request, None);
    }
    transaction.run_steps(&plan.request).await
}

async fn response_flow<H: Host>(transaction: &mut Transaction<'_, H>) -> Result<(), Fault> {
    let plan = transaction.plan;
    let body = if plan.needs.response_body { transaction.host.body(Direction::Response).await } else { None };
    transaction.fetch(Direction::Response, body);
    transaction.run_steps(&plan.response).await
}
