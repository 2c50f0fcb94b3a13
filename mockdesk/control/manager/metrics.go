package manager

import (
	"encoding/json"
	"strconv"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/journal"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of a server, for Prometheus. Make them with NewMetrics.
type Metrics struct {
	registry   *prometheus.Registry
	logins     *prometheus.CounterVec
	events     *prometheus.CounterVec
	entries    *prometheus.CounterVec
	violations *prometheus.CounterVec
}

// NewMetrics returns figures that are all zero.
func NewMetrics() *Metrics {
	registry := serving.NewRegistry()
	return &Metrics{
		registry:   registry,
		logins:     serving.Counter(registry, "wire_requests_total", "Requests of desks over HTTP that were answered, by status.", "status"),
		events:     serving.Counter(registry, "wire_frames_total", "Events that have crossed the sockets of desks, by direction.", "direction"),
		entries:    serving.Counter(registry, "journal_entries_total", "Entries that were written to the journal, by kind.", "kind"),
		violations: serving.Counter(registry, "violations_total", "Rules that desks were seen to break, by requirement.", "requirement"),
	}
}

// Observe counts an entry of the journal.
func (m *Metrics) Observe(e journal.Entry) {
	m.entries.WithLabelValues(string(e.Kind)).Inc()
	switch e.Kind {
	case journal.Response:
		var data struct {
			Status int `json:"status"`
		}
		_ = json.Unmarshal(e.Data, &data) // What cannot be read counts as no answer.
		m.logins.WithLabelValues(strconv.Itoa(data.Status)).Inc()
	case journal.Frame:
		direction := "out"
		if e.From == agentmanager.PartyDesk {
			direction = "in"
		}
		m.events.WithLabelValues(direction).Inc()
	case journal.Violation:
		m.violations.WithLabelValues(e.Requirement).Inc()
	default:
	}
}

// gauges registers what a server is asked for when it is scraped.
func (m *Metrics) gauges(s *Server) {
	s.journals.Register(m.registry)
	serving.Gauge(m.registry, "wire_sockets", "Agents whose desk is connected.", func() float64 { return float64(s.floor.Shift().Describe().Connected) })
	serving.Gauge(m.registry, "conversations_open", "Conversations that are not closed.", func() float64 { return float64(s.floor.Shift().Describe().Conversations.Open) })
}
