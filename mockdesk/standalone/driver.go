package standalone

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/tenant"
	"deskcheck/mockdesk/wire"
)

// forgotten is after how long a scenario of a driver ends that nobody asks after.
const forgotten = 2 * time.Minute

// offer makes what serves drivers, nil if they are not to be served. Each scenario has a tenant of its own, which speaks the wire of the default one.
func (s *Server) offer(c Config, o Options) (http.Handler, error) {
	if !o.Driver {
		return nil, nil //nolint:nilnil // None is no mistake.
	}
	source := ""
	if i := slices.IndexFunc(c.Tenants, func(t Tenant) bool { return t.Name == tenant.Default }); i >= 0 {
		source = c.Tenants[i].Wire
	}
	spoken := wire.Native()
	if source != "" {
		var err error
		if spoken, err = wire.Parse("the wire", []byte(source)); err != nil {
			return nil, fmt.Errorf("the wire of the tenant %s: %w", tenant.Default, err)
		}
	}
	s.driver = driver.NewServer(driver.MockCapabilities(o.Version, driver.RoutesOf(spoken)), func(string) (*driver.Mock, error) { return s.scenario(source) }, forgotten)
	return s.driver, nil
}

// scenario makes the desk of one scenario.
func (s *Server) scenario(source string) (*driver.Mock, error) {
	made, err := s.tenants.Create(api.NewTenant{Agents: []api.NewAgent{}, Availability: api.AvailabilityMode(mockdesk.Online), Wire: source})
	if err != nil {
		return nil, err
	}
	return driver.NewMock(made.Desk(), func() error { return s.tenants.Drop(made.Name()) }), nil
}

// DriverURL is where drivers find the desk, empty if they do not.
func (s *Server) DriverURL() string {
	if s.driver == nil {
		return ""
	}
	return s.ControlURL() + control.DriverPath
}
