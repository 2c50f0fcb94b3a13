package rules_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/digitalconnect/rules"
)

func TestDeliveryRules(t *testing.T) {
	foreign := strings.ReplaceAll(created, chatID, "nobody's")
	check(t, []verdict{
		{requirement: "DC-ACTION-08", keeps: list(start(), delivery(created), delivery(created, answered(http.StatusOK, `{"ok":true}`))), breaks: list(start(), delivery(created, answered(http.StatusFound, "")))},
		{requirement: "DC-ACTION-08", name: "HTML", breaks: list(start(), delivery(created, answered(http.StatusOK, "<html></html>")))},
		{requirement: "DC-ACTION-19", keeps: list(start(), delivery(created)), breaks: list(start(), delivery(created, answered(http.StatusServiceUnavailable, ""))), also: []string{"DC-ACTION-08"}},
		{requirement: "DC-ACTION-19", name: "too many", breaks: list(start(), delivery(created, answered(http.StatusTooManyRequests, ""))), also: []string{"DC-ACTION-08"}},
		{
			requirement: "DC-ACTION-19", name: "to be sent again", breaks: list(start(), delivery(created, answered(http.StatusInternalServerError, ""), func(x *rules.Exchange) { x.ResponseHeader.Set("Retry-After", "1") })),
			also: []string{"DC-ACTION-08"},
		},
		{requirement: "DC-ACTION-08", name: "broken", breaks: list(start(), delivery(created, answered(http.StatusInternalServerError, "")))},
		{requirement: "DC-ACTION-08", name: "no answer", breaks: list(start(), delivery(created, answered(0, "")))},
		{requirement: "DC-ACTION-08", name: "nobody's conversation", keeps: list(start(), delivery(foreign, answered(http.StatusNotFound, "")))},
		{requirement: "DC-ACTION-08", name: "started by an agent", breaks: list(delivery(began, answered(http.StatusNotFound, "")))},
		{requirement: "DC-ACTION-08", name: "an end that the connector knows of", keeps: list(start(), end(), delivery(created, at(time.Second), answered(http.StatusNotFound, "")), delivery(over, at(time.Second), answered(http.StatusGone, "")))},
		{
			requirement: "DC-ACTION-08", name: "an outbound conversation that it has not taken on", keeps: list(delivery(began), delivery(created, answered(http.StatusNotFound, ""))),
			breaks: list(delivery(began), message(), delivery(created, answered(http.StatusNotFound, ""))),
		},
		{requirement: "DC-ACTION-09", keeps: list(start(), delivery(created, took(9*time.Second))), breaks: list(start(), delivery(created, took(10*time.Second), answered(0, "")))},
		{requirement: "DC-ACTION-09", name: "another timeout", breaks: list(start(), delivery(created, took(5*time.Second))), about: func(a *rules.About) { a.Hook.Timeout = 5 * time.Second }},
		{requirement: "DC-ACTION-13", keeps: list(start(), delivery("{", answered(http.StatusBadRequest, ""))), breaks: list(start(), delivery("{", answered(http.StatusInternalServerError, "")))},
		{requirement: "DC-ACTION-13", name: "taken", breaks: list(start(), delivery(`{"event_type":7}`))},
		{requirement: "DC-ACTION-23", keeps: list(start(), delivery(created, path("/hook/"))), breaks: list(start(), delivery(created, path("/hook/"), answered(http.StatusMovedPermanently, "")))},
		{requirement: "DC-ACTION-24", keeps: list(delivery("", method(http.MethodGet), answered(http.StatusMethodNotAllowed, ""))), breaks: list(delivery("", method(http.MethodGet), answered(http.StatusOK, "{}")))},
	})
}

func TestDeliveryCredentials(t *testing.T) {
	byBasic := func(a *rules.About) { a.Hook.Auth, a.Hook.User, a.Hook.Secret = "basic", "td", "hook-secret-1" }
	byKey := func(a *rules.About) { a.Hook.Auth, a.Hook.Secret = "api-key", "hook-secret-1" }
	right, wrong := header("Authorization", basic("td", "hook-secret-1")), header("Authorization", basic("td", "x"))
	check(t, []verdict{
		{requirement: "DC-ACTION-17", keeps: list(start(), delivery(created, right), delivery(created, answered(http.StatusUnauthorized, "")), delivery(created, wrong, answered(http.StatusForbidden, ""))), breaks: list(start(), delivery(created)), about: byBasic},
		{requirement: "DC-ACTION-17", name: "wrong", breaks: list(start(), delivery(created, wrong)), about: byBasic},
		{requirement: "DC-ACTION-08", name: "with right credentials", breaks: list(start(), delivery(created, right, answered(http.StatusUnauthorized, ""))), about: byBasic},
		{requirement: "DC-ACTION-17", name: "key", keeps: list(start(), delivery(created, header("X-API-Key", "hook-secret-1"))), breaks: list(start(), delivery(created, header("X-API-Key", "y"))), about: byKey},
		{requirement: "DC-ACTION-17", name: "key in another header", keeps: list(start(), delivery(created, header("X-Kit", "hook-secret-1"))), about: func(a *rules.About) { byKey(a); a.Hook.Header = "X-Kit" }},
	})
}

func TestPromptAnswers(t *testing.T) {
	answers := func(slow int) []rules.Exchange {
		all := list(start())
		for i := range 40 {
			one := delivery(strings.Replace(created, "m-1", "m-"+strconv.Itoa(i), 1))
			if i < slow {
				one.Took = 1500 * time.Millisecond
			}
			all = append(all, one)
		}
		return all
	}
	check(t, []verdict{
		{requirement: "DC-ACTION-10", keeps: answers(2), breaks: answers(3)},
		{requirement: "DC-ACTION-10", name: "one", keeps: list(start(), delivery(created, took(2*time.Second)))},
	})
}
