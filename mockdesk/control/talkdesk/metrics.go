package talkdesk

import (
	"encoding/json"
	"strconv"

	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of a server, for Prometheus. Make them with NewMetrics.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	webhooks   *prometheus.CounterVec
	entries    *prometheus.CounterVec
	violations *prometheus.CounterVec
}

// NewMetrics returns figures that are all zero.
func NewMetrics() *Metrics {
	registry := serving.NewRegistry()
	return &Metrics{
		registry:   registry,
		requests:   serving.Counter(registry, "wire_requests_total", "Requests of connectors that were answered, by whom and with which status.", "party", "status"),
		webhooks:   serving.Counter(registry, "webhooks_total", "Webhooks that have left, by the status of their answer; 0 is none.", "status"),
		entries:    serving.Counter(registry, "journal_entries_total", "Entries that were written to the journal, by kind.", "kind"),
		violations: serving.Counter(registry, "violations_total", "Rules that connectors were seen to break, by requirement.", "requirement"),
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
		if e.To == digitalconnect.Webhook {
			m.webhooks.WithLabelValues(strconv.Itoa(data.Status)).Inc()
			return
		}
		m.requests.WithLabelValues(string(e.From), strconv.Itoa(data.Status)).Inc()
	case journal.Violation:
		m.violations.WithLabelValues(e.Requirement).Inc()
	default:
	}
}

// gauges registers what a server is asked for when it is scraped.
func (m *Metrics) gauges(s *Server) {
	s.journals.Register(m.registry)
	serving.Gauge(m.registry, "conversations_open", "Conversations that have not ended.", func() float64 { return float64(s.desk.Shift().Describe().Conversations.Open) })
}
