package main

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Requester is a person, as the identity provider names them; they cannot approve what they ask for.
type Requester struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// PaymentOrder is what an order needs.
type PaymentOrder struct {
	Payment   string    `json:"payment"`
	Requester Requester `json:"requester"`
}

// gateRequest is what the gate takes.
type gateRequest struct {
	Operation     string         `json:"operation"`
	Input         map[string]any `json:"input"`
	Justification string         `json:"justification"`
	Requester     Requester      `json:"requester"`
	Key           string         `json:"key,omitempty"`
	OpenedSignal  string         `json:"openedSignal,omitempty"`
}

// Opened is what the gate says once the change is open.
type Opened struct {
	ChangeID string `json:"changeId"`
	Key      string `json:"key"`
	URL      string `json:"url"`
}

// Order asks for a payment that people have to approve. It answers the receipt, or why there is none.
func Order(ctx workflow.Context, order PaymentOrder) (string, error) {
	var opened *Opened
	if err := workflow.SetQueryHandler(ctx, "waits_for", func() (*Opened, error) { return opened, nil }); err != nil {
		return "", err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		// The change is open: here one would tell a desk where to approve it.
		workflow.GetSignalChannel(ctx, "opened").Receive(ctx, &opened)
	})

	// Without it a cancelled workflow does not wait for what becomes of its change.
	gate := workflow.ChildWorkflowOptions{TaskQueue: "countersign", WaitForCancellation: true}
	var answer struct {
		Output struct {
			Receipt string `json:"receipt"`
		} `json:"output"`
	}
	err := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, gate), "requireApproval", gateRequest{
		Operation:     "ReleasePayment",
		Input:         map[string]any{"payment": order.Payment},
		Justification: "order of " + order.Payment,
		Requester:     order.Requester,
		Key:           "payment",
		OpenedSignal:  "opened",
	}).Get(ctx, &answer)

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
