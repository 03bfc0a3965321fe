"""The worker of the order team, on the task queue `orders`."""

import asyncio
import os

from temporalio.client import Client
from temporalio.worker import Worker

from workflows import Order, OrderElsewhere


async def main() -> None:
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
    )
    await Worker(client, task_queue="orders", workflows=[Order, OrderElsewhere]).run()


if __name__ == "__main__":
    asyncio.run(main())
