// Reads and closes accounts for Countersign: two activities on a task queue of their own, and no workflow.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
)

var service = setting("ACCOUNT_SERVICE_URL", "http://127.0.0.1:8500")

// Step is what Countersign hands over: docs/schemas/step-request.v1.schema.json.
type Step struct {
	ChangeID string `json:"changeId"`
	Input    struct {
		Region  string `json:"region"`
		Account string `json:"account"`
	} `json:"input"`
	NotAfter int64 `json:"notAfter"`
}

// Account is what the service tells of one.
type Account struct {
	Owner   string `json:"owner"`
	Balance int64  `json:"balance"`
	State   string `json:"state"`
}

// Refusal says why a target makes the change pointless.
type Refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ReadAnswer is docs/schemas/read-answer.v1.schema.json.
type ReadAnswer struct {
	RequestID string            `json:"requestId"`
	Snapshot  *Account          `json:"snapshot"`
	Refusal   *Refusal          `json:"refusal"`
	Achieved  bool              `json:"achieved"`
	Identity  map[string]string `json:"identity"`
}

// CallAnswer is docs/schemas/call-answer.v1.schema.json.
type CallAnswer struct {
	RequestID string `json:"requestId"`
	Output    struct {
		Receipt string `json:"receipt"`
	} `json:"output"`
}

// failure is docs/schemas/failure-detail.v1.schema.json.
type failure struct {
	RequestID  string `json:"requestId"`
	HTTPStatus int    `json:"httpStatus"`
}

// By mistake nobody calls past the gate: Countersign alone hands a step over, by this workflow.
func assertHandedOver(ctx context.Context, step Step) error {
	info := activity.GetInfo(ctx)
	if info.WorkflowType.Name == "driver" && info.WorkflowExecution.ID == "driver-"+step.ChangeID {
		return nil
	}
	return temporal.NewApplicationError("this activity is Countersign's alone", "permanent")
}

// ask makes one request, without repeats: Countersign makes them, as the class of the failure says.
func ask(ctx context.Context, method, path string, into any) (string, int, error) {
	stop := heartbeats(ctx)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, method, service+"/accounts/"+path, nil)
	if err != nil {
		return "", 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	id := answer.Header.Get("x-request-id")
	if answer.StatusCode == http.StatusOK {
		return id, answer.StatusCode, json.NewDecoder(answer.Body).Decode(into)
	}
	kind := "Refused"
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		kind = "Busy"
	case answer.StatusCode >= 500:
		kind = "ServiceError"
	}
	message := fmt.Sprintf("the service answered %d", answer.StatusCode)
	return id, answer.StatusCode, temporal.NewApplicationError(message, kind, failure{id, answer.StatusCode})
}

func heartbeats(ctx context.Context) func() {
	done := make(chan struct{})
	go func() {
		for {
			activity.RecordHeartbeat(ctx)
			select {
			case <-done:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	return func() { close(done) }
}

func readAccount(ctx context.Context, step Step) (*ReadAnswer, error) {
	if err := assertHandedOver(ctx, step); err != nil {
		return nil, err
	}
	var found Account
	id, status, err := ask(ctx, http.MethodGet, step.Input.Region+"/"+step.Input.Account, &found)
	if status == http.StatusNotFound {
		none := &Refusal{"target_not_found", "there is no such account"}
		return &ReadAnswer{RequestID: id, Refusal: none, Identity: map[string]string{}}, nil
	}
	if err != nil {
		return nil, err
	}
	// Another owner is another account: people are asked again.
	answer := &ReadAnswer{RequestID: id, Snapshot: &found, Identity: map[string]string{"owner": found.Owner}}
	answer.Achieved = found.State == "closed"
	if found.Balance != 0 {
		answer.Refusal = &Refusal{"not_empty", "the account is not empty"}
	}
	return answer, nil
}

func closeAccount(ctx context.Context, step Step) (*CallAnswer, error) {
	if err := assertHandedOver(ctx, step); err != nil {
		return nil, err
	}
	if time.Now().UnixMilli() > step.NotAfter {
		return nil, temporal.NewApplicationError("it came too late to be sent", "transient")
	}
	var answer CallAnswer
	id, _, err := ask(ctx, http.MethodPost, step.Input.Region+"/"+step.Input.Account+"/closure", &answer.Output)
	answer.RequestID = id
	return &answer, err
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	temporalClient, err := client.Dial(client.Options{
		HostPort:  setting("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
		Namespace: setting("TEMPORAL_NAMESPACE", "default"),
	})
	if err != nil {
		log.Fatalln(err)
	}
	defer temporalClient.Close()
	accounts := worker.New(temporalClient, "accounts-go", worker.Options{})
	accounts.RegisterActivityWithOptions(readAccount, activity.RegisterOptions{Name: "read_account"})
	accounts.RegisterActivityWithOptions(closeAccount, activity.RegisterOptions{Name: "close_account"})
	if err := accounts.Start(); err != nil {
		log.Fatalln(err)
	}
	fmt.Println("worker runs")
	<-worker.InterruptCh()
	accounts.Stop()
}
