package deskcheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"

	"deskcheck/mockdesk/driver"
	"deskcheck/reports"
	"deskcheck/steps"
)

// driverClient speaks to the driver of the configuration.
func (c Config) driverClient() *driver.Client {
	token := ""
	if c.Desk.TokenEnv != "" {
		token = os.Getenv(c.Desk.TokenEnv)
	}
	return driver.NewClient(c.Desk.Driver, token, 0)
}

// driverProblems finds what keeps a driver from being asked. The token itself is never part of a message.
func (c Config) driverProblems() []ConfigProblem {
	d := c.Desk
	problem := func(key, format string, args ...any) []ConfigProblem {
		return []ConfigProblem{{Key: key, Message: fmt.Sprintf(format, args...)}}
	}
	switch {
	case d.Driver == "" && d.TokenEnv != "":
		return problem("desk.token-env", "a token is for a driver: name one under desk.driver")
	case d.Driver == "":
		return nil
	case d.Wire != "":
		return problem("desk.wire", "a desk behind a driver speaks whatever it speaks; a wire is for the mock desk: give one of the two")
	case len(d.Hosts) > 0:
		return problem("desk.hosts", "the names lead to the mock desk; a desk behind a driver has its own: give one of the two")
	}
	if err := driver.CheckAddress(d.Driver); err != nil {
		return problem("desk.driver", "%v", err)
	}
	if at, err := url.Parse(d.Driver); err == nil && d.TokenEnv != "" && at.Scheme != "https" && !onThisMachine(at.Hostname()) {
		return problem("desk.driver", "a token would go to %s in the clear: use https://", at.Host)
	}
	return nil
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// tokenProblems finds a token that is not there.
func (c Config) tokenProblems() []ConfigProblem {
	if c.Desk.TokenEnv == "" {
		return nil
	}
	switch value, set := os.LookupEnv(c.Desk.TokenEnv); {
	case !set:
		return []ConfigProblem{{Key: "desk.token-env", Message: "the environment variable " + c.Desk.TokenEnv + " is not set: set it to the token of the driver"}}
	case len(value) < shortestSecret:
		return []ConfigProblem{{Key: "desk.token-env", Message: fmt.Sprintf("the value of %s has fewer than %d bytes: so short a text cannot be kept out of reports", c.Desk.TokenEnv, shortestSecret)}}
	}
	return nil
}

// driven has the scenarios of a run be played at the driver that the configuration names, as many at once as it bears; without one it changes nothing. The error is an
// *EnvironmentError.
func driven(ctx context.Context, c *Config, desks *steps.Desks) error {
	if c.Desk.Driver == "" {
		return nil
	}
	client := c.driverClient()
	can, problem := client.Capabilities(ctx)
	if problem != nil {
		return c.driverIsGone(problem)
	}
	desks.Driver, desks.Can = client, can
	c.Workers = min(c.Workers, max(can.Parallel, 1))
	return nil
}

func (c Config) driverIsGone(err error) error {
	return &EnvironmentError{Err: fmt.Errorf("the desk's driver at %s: %w", c.Desk.Driver, err), Fix: "run `deskcheck driver check " + c.Desk.Driver + "` to see what of it works"}
}

// deskIsGone looks whether the desk's driver can still be had once a scenario could not be played for it, nil if it can: without it all the others would only say the same.
func (p *performance) deskIsGone(ctx context.Context, problem error) error {
	if !isBroken(problem) {
		return nil
	}
	if _, err := p.config.driverClient().Capabilities(ctx); err != nil && ctx.Err() == nil {
		return p.config.driverIsGone(err)
	}
	return nil
}

func isBroken(err error) bool {
	of, isDriver := errors.AsType[*driver.Error](err)
	return isDriver && of.Kind == driver.Broken
}

// deskOf says what the desk of a run is.
func deskOf(c Config, desks steps.Desks) *reports.Desk {
	d := &reports.Desk{Kind: reports.MockDesk, Hosts: c.Desk.Hosts}
	switch {
	case c.Desk.Driver != "":
		d.Kind, d.URL, d.Name, d.Version = reports.DrivenDesk, c.Desk.Driver, desks.Can.Name, desks.Can.Software
	case c.Desk.Wire != "":
		d.Kind, d.Wire = reports.WiredDesk, c.Desk.Wire
	}
	return d
}
