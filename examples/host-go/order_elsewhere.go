package main

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// PaymentOrderElsewhere is what an order needs in another namespace than Countersign's.
type PaymentOrderElsewhere struct {
	PaymentOrder
	// Endpoint is the Nexus endpoint of the gate.
	Endpoint string `json:"endpoint"`
}

// OrderElsewhere does the same as Order, and asks by Nexus.
func OrderElsewhere(ctx workflow.Context, order PaymentOrderElsewhere) (string, error) {
	var opened *Opened
	if err := workflow.SetQueryHandler(ctx, "waits_for", func() (*Opened, error) { return opened, nil }); err != nil {
		return "", err
	}
	gate := workflow.NewNexusClient(order.Endpoint, "countersign.gate.v1")
	asked := gate.ExecuteOperation(ctx, "requireApproval", gateRequest{
		Operation:     "ReleasePayment",
		Input:         map[string]any{"payment": order.Payment},
		Justification: "order of " + order.Payment,
		Requester:     order.Requester,
		Key:           "payment",
	}, workflow.NexusOperationOptions{})

	var started workflow.NexusOperationExecution
	if err := asked.GetNexusOperationExecution().Get(ctx, &started); err != nil {
		return "", err
	}
	token := map[string]string{"operationToken": started.OperationToken}
	if err := gate.ExecuteOperation(ctx, "opened", token, workflow.NexusOperationOptions{}).Get(ctx, &opened); err != nil {
		return "", err
	}

	var answer struct {
		Output struct {
			Receipt string `json:"receipt"`
		} `json:"output"`
	}
	err := asked.Get(ctx, &answer)
	var refusal *temporal.ApplicationError
	if errors.As(err, &refusal) && refusal.Type() == "not_approved" {
		var change struct {
			DecisionStatus string `json:"decisionStatus"`
		}
		if err := refusal.Details(&change); err != nil {
			return "", err
		}
		return "not released: " + change.DecisionStatus, nil
	}
	return answer.Output.Receipt, err
}
