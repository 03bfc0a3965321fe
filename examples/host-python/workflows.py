"""An order whose payment people approve."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ChildWorkflowError, NexusOperationError


@workflow.defn(name="order")
class Order:
    """Answers the receipt, or why there is none."""

    def __init__(self) -> None:
        self.change: dict | None = None

    @workflow.run
    async def run(self, order: dict) -> str:
        try:
            answer = await workflow.execute_child_workflow(
                "requireApproval",
                {
                    "operation": "ReleasePayment",
                    "input": {"payment": order["payment"]},
                    "justification": f"order of {order['payment']}",
                    "requester": order["requester"],
                    "key": "payment",
                    "openedSignal": "opened",
                },
                task_queue="countersign",
            )
        except ChildWorkflowError as error:
            refusal = error.cause
            if isinstance(refusal, ApplicationError) and refusal.type == "not_approved":
                return f"not released: {refusal.details[0]['decisionStatus']}"
            raise
        return answer["output"]["receipt"]

    @workflow.signal
    def opened(self, change: dict) -> None:
        """The change is open: here one would tell a desk where to approve it."""
        self.change = change

    @workflow.query
    def waits_for(self) -> dict | None:
        return self.change


@workflow.defn(name="order-elsewhere")
class OrderElsewhere:
    """An order in another namespace than Countersign's, which asks by Nexus."""

    def __init__(self) -> None:
        self.change: dict | None = None

    @workflow.run
    async def run(self, order: dict) -> str:
        gate = workflow.create_nexus_client(service="countersign.gate.v1", endpoint=order["endpoint"])
        asked = await gate.start_operation(
            "requireApproval",
            {
                "operation": "ReleasePayment",
                "input": {"payment": order["payment"]},
                "justification": f"order of {order['payment']}",
                "requester": order["requester"],
                "key": "payment",
            },
            output_type=dict,
        )
        self.change = await gate.execute_operation(
            "opened", {"operationToken": asked.operation_token}, output_type=dict
        )
        try:
            return (await asked)["output"]["receipt"]
        except NexusOperationError as error:
            refusal = error.cause
            if isinstance(refusal, ApplicationError) and refusal.type == "not_approved":
                return f"not released: {refusal.details[0]['decisionStatus']}"
            raise

    @workflow.query
    def waits_for(self) -> dict | None:
        return self.change
