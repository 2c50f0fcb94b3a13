package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the figures of a server, for Prometheus. Tenants are many and short-lived, so no figure is by tenant. Make them with NewMetrics.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	events   *prometheus.CounterVec
	entries  *prometheus.CounterVec
	faults   *prometheus.CounterVec
}

// NewMetrics returns figures that are all zero.
func NewMetrics() *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "deskcheck", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("wire_requests_total", "Requests that the wire has answered, by operation and status; status 0 is no answer.", "operation", "status"),
		events:   counter("wire_frames_total", "Frames that have crossed the wire's sockets, by direction.", "direction"),
		entries:  counter("journal_entries_total", "Entries that were written to journals, by kind.", "kind"),
		faults:   counter("faults_played_total", "Faults that were played, by kind and operation.", "kind", "operation"),
	}
	m.registry.MustRegister(m.requests, m.events, m.entries, m.faults, runtimeFigures(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// runtimeFigures are those of Go, and how much the last collection of garbage has left: what the heap is said to hold otherwise depends on when it is asked.
func runtimeFigures() prometheus.Collector {
	return collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}))
}

// Observe counts an entry of a journal.
func (m *Metrics) Observe(e journal.Entry) {
	m.entries.WithLabelValues(string(e.Kind)).Inc()
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
		direction := "out"
		if e.From == journal.Integration {
			direction = "in"
		}
		m.events.WithLabelValues(direction).Inc()
	default:
	}
}

// Played counts a fault.
func (m *Metrics) Played(kind string, op mockdesk.Operation) {
	m.faults.WithLabelValues(kind, string(op)).Inc()
}

// gauges registers what a server is asked for when it is scraped.
func (m *Metrics) gauges(s *Server) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "deskcheck", Name: name, Help: help}, value))
	}
	gauge("tenants", "Tenants that there are.", func() float64 { return float64(len(s.Tenants.List())) })
	gauge("waits", "Requests that wait for entries of a journal.", func() float64 { return float64(s.waits.Load()) })
	gauge("followers", "Clients that follow a journal.", func() float64 { return float64(s.follows.Load()) })
	gauge("wire_sockets", "Sockets that are open.", func() float64 {
		n := 0
		for _, t := range s.Tenants.List() {
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
	for _, t := range c.server.Tenants.List() {
		for _, one := range t.Desk().Conversations() {
			states[one.State()]++
		}
	}
	for state, n := range states {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n), string(state))
	}
}

func (s *Server) getMetrics(c *call) (*answer, error) {
	page := &recorder{header: http.Header{}}
	promhttp.HandlerFor(s.Metrics.registry, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(page, c.Request)
	return &answer{status: http.StatusOK, contentType: page.header.Get("Content-Type"), raw: page.body.Bytes()}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorder) Header() http.Header { return r.header }

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// WriteHeader implements http.ResponseWriter; the exposition has no other status than 200.
func (r *recorder) WriteHeader(int) {}
