package control

import (
	"encoding/json"
	"strconv"
	"sync"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/journal"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of a server, for Prometheus. Tenants are many and short-lived, so no figure is by tenant. Make them with NewMetrics.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	events   *prometheus.CounterVec
	entries  *prometheus.CounterVec
	faults   *prometheus.CounterVec

	// kinds has the counters of entries by kind (journal.Kind), in and out those of frames: finding them by their labels would cost more than counting.
	kinds   sync.Map
	in, out func() prometheus.Counter
}

// NewMetrics returns figures that are all zero.
func NewMetrics() *Metrics {
	registry := serving.NewRegistry()
	m := &Metrics{
		registry: registry,
		requests: serving.Counter(registry, "wire_requests_total", "Requests that the wire has answered, by operation and status; status 0 is no answer.", "operation", "status"),
		events:   serving.Counter(registry, "wire_frames_total", "Frames that have crossed the wire's sockets, by direction.", "direction"),
		entries:  serving.Counter(registry, "journal_entries_total", "Entries that were written to journals, by kind.", "kind"),
		faults:   serving.Counter(registry, "faults_played_total", "Faults that were played, by kind and operation.", "kind", "operation"),
	}
	m.in = sync.OnceValue(func() prometheus.Counter { return m.events.WithLabelValues("in") })
	m.out = sync.OnceValue(func() prometheus.Counter { return m.events.WithLabelValues("out") })
	return m
}

// kind is the counter of entries of a kind.
func (m *Metrics) kind(k journal.Kind) prometheus.Counter {
	known, found := m.kinds.Load(k)
	if !found {
		known, _ = m.kinds.LoadOrStore(k, m.entries.WithLabelValues(string(k)))
	}
	counter, _ := known.(prometheus.Counter) // The map holds nothing else.
	return counter
}

// Observe counts an entry of a journal.
func (m *Metrics) Observe(e journal.Entry) {
	m.kind(e.Kind).Inc()
	switch e.Kind {
	case journal.Response:
		var data struct {
			Status int `json:"status"`
		}
		// What cannot be read counts as no answer.
		_ = json.Unmarshal(e.Data, &data)
		operation := e.Operation
		if operation == "" {
			// What a client has made up would be labels without end.
			operation = "other"
		}
		m.requests.WithLabelValues(operation, strconv.Itoa(data.Status)).Inc()
	case journal.Frame:
		if e.From == journal.Integration {
			m.in().Inc()
			return
		}
		m.out().Inc()
	default:
	}
}

// Played counts a fault.
func (m *Metrics) Played(kind string, op mockdesk.Operation) {
	m.faults.WithLabelValues(kind, string(op)).Inc()
}

// gauges registers what a server is asked for when it is scraped.
func (m *Metrics) gauges(s *Server) {
	serving.Gauge(m.registry, "tenants", "Tenants that there are.", func() float64 { return float64(len(s.tenants.List())) })
	s.journals.Register(m.registry)
	serving.Gauge(m.registry, "wire_sockets", "Sockets that are open.", func() float64 {
		n := 0
		for _, t := range s.tenants.List() {
			n += t.Desk().Sockets()
		}
		return float64(n)
	})
	m.registry.MustRegister(&conversations{server: s, desc: prometheus.NewDesc("deskcheck_conversations", "Conversations that there are, by state.", []string{"state"}, nil)})
}

// conversations counts conversations by state when it is asked.
type conversations struct {
	server *Server
	desc   *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *conversations) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect implements prometheus.Collector.
func (c *conversations) Collect(to chan<- prometheus.Metric) {
	states := map[mockdesk.State]int{mockdesk.Waiting: 0, mockdesk.Active: 0, mockdesk.Ended: 0}
	for _, t := range c.server.tenants.List() {
		for _, one := range t.Desk().Conversations() {
			states[one.State()]++
		}
	}
	for state, n := range states {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n), string(state))
	}
}
