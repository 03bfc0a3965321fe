"""An order whose payment people approve."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ChildWorkflowError


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
