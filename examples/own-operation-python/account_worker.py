"""Reads and closes accounts for Countersign: two activities on a task queue of their own, and no workflow."""

import asyncio
import json
import os
import time
import urllib.error
import urllib.request

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

SERVICE = os.environ.get("ACCOUNT_SERVICE_URL", "http://127.0.0.1:8500")


def handed_over(request: dict) -> dict:
    """By mistake nobody calls past the gate: Countersign alone hands a step over, by this workflow."""
    info = activity.info()
    if (info.workflow_type, info.workflow_id) != ("driver", f"driver-{request['changeId']}"):
        raise ApplicationError("this activity is Countersign's alone", type="permanent")
    return request["input"]


def ask(method: str, path: str) -> tuple[str, dict]:
    """One request, without repeats: Countersign makes them, as the class of the failure says."""
    request = urllib.request.Request(f"{SERVICE}/accounts/{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["x-request-id"], json.load(answer)
    except urllib.error.HTTPError as error:
        detail = {"requestId": error.headers["x-request-id"], "httpStatus": error.code}
        kind = {404: "NotFound", 429: "Busy"}.get(error.code, "Refused" if error.code < 500 else "ServiceError")
        raise ApplicationError(f"the service answered {error.code}", detail, type=kind) from error


async def with_heartbeats(method: str, path: str) -> tuple[str, dict]:
    asking = asyncio.create_task(asyncio.to_thread(ask, method, path))
    while not asking.done():
        activity.heartbeat()
        await asyncio.wait([asking], timeout=1)
    return await asking


@activity.defn
async def read_account(request: dict) -> dict:
    account = handed_over(request)
    path = f"{account['region']}/{account['account']}"
    try:
        request_id, found = await with_heartbeats("GET", path)
    except ApplicationError as error:
        if error.type != "NotFound":
            raise
        return {
            "requestId": error.details[0]["requestId"],
            "snapshot": None,
            "refusal": {"code": "target_not_found", "message": "there is no such account"},
            "achieved": False,
            "identity": {},
        }
    owed = found["balance"] != 0 and {"code": "not_empty", "message": "the account is not empty"}
    return {
        "requestId": request_id,
        "snapshot": found,
        "refusal": owed or None,
        "achieved": found["state"] == "closed",
        "identity": {"owner": found["owner"]},  # another owner is another account: people are asked again
    }


@activity.defn
async def close_account(request: dict) -> dict:
    account = handed_over(request)
    if time.time() * 1000 > request["notAfter"]:
        raise ApplicationError("it came too late to be sent", type="transient")
    path = f"{account['region']}/{account['account']}/closure"
    request_id, closed = await with_heartbeats("POST", path)
    return {"requestId": request_id, "output": {"receipt": closed["receipt"]}}


async def main() -> None:
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
    )
    worker = Worker(client, task_queue="accounts-python", activities=[read_account, close_account])
    print("worker runs", flush=True)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
