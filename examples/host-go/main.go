// The worker of the order team, on the task queue "orders".
package main

import (
	"log"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func main() {
	temporal, err := client.Dial(client.Options{
		HostPort:  os.Getenv("TEMPORAL_ADDRESS"),
		Namespace: os.Getenv("TEMPORAL_NAMESPACE"),
	})
	if err != nil {
		log.Fatalln("Temporal cannot be reached:", err)
	}
	defer temporal.Close()

	team := worker.New(temporal, "orders", worker.Options{})
	team.RegisterWorkflowWithOptions(Order, workflow.RegisterOptions{Name: "order"})
	team.RegisterWorkflowWithOptions(OrderElsewhere, workflow.RegisterOptions{Name: "order-elsewhere"})
	if err := team.Run(worker.InterruptCh()); err != nil {
		log.Fatalln(err)
	}
}
