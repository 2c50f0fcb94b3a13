package fault_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
)

func ExamplePlan() {
	clock := mockdesk.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	plan := fault.NewPlan(clock, func(p fault.Played) { fmt.Println(p) })
	_, err := plan.AddScript(
		fault.Rule{Fault: fault.Fault{Kind: fault.Status, Status: 503}, Schedule: fault.Schedule{Next: 2}},
		fault.Rule{Fault: fault.Fault{Kind: fault.TooMany, For: time.Minute}, Schedule: fault.Schedule{Only: 4}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 5 {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPut, "/v1/conversations/c1/messages/m1", nil)
		decision := plan.Next(fault.Arrival{Moment: fault.Request, Operation: "message", Conversation: "c1"})
		decision.Serve(fault.Exchange{W: w, R: r, Effect: func() fault.Reply { return fault.Reply{Status: http.StatusCreated} }})
		fmt.Println(w.Code)
	}
	// Output:
	// rule 1, play 1: answer 503 (request message in conversation c1)
	// 503
	// rule 1, play 2: answer 503 (request message in conversation c1)
	// 503
	// 201
	// rule 2, play 1: answer 429 with 60 seconds to retry after (request message in conversation c1)
	// 429
	// 201
}

func ExampleNewChaos() {
	chaos, err := fault.NewChaos(fault.ChaosOptions{
		Seed: 42, Share: 0.5, Faults: []fault.Weighted{{Fault: fault.Fault{Kind: fault.Drop}, Weight: 2}, {Fault: fault.Fault{Kind: fault.Duplicate}, Weight: 1}},
	}, os.Stdout)
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := mockdesk.NewManualClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	plan := fault.NewPlan(clock, nil)
	plan.SetChaos(chaos)
	for range 5 {
		fmt.Println(plan.Next(fault.Arrival{Moment: fault.Frame, Conversation: "c1", Direction: fault.Out}).Fault)
	}
	// Output:
	// chaos with seed 42: on 0.5 of arrivals anywhere: 2 × lose the frame, 1 × double the frame
	// lose the frame
	// let it pass
	// lose the frame
	// double the frame
	// let it pass
}
