package serving

import (
	"bytes"
	"net/http"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry returns a registry with the figures of the process, and of the runtime with how much the last collection of garbage has left: what the heap is said to hold otherwise
// depends on when it is asked.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	live := collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)}
	registry.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(live)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// Counter makes a figure that only grows, by labels.
func Counter(registry *prometheus.Registry, name, help string, labels ...string) *prometheus.CounterVec {
	made := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "deskcheck", Name: name, Help: help}, labels)
	registry.MustRegister(made)
	return made
}

// Gauge registers a figure that is asked for when it is scraped.
func Gauge(registry *prometheus.Registry, name, help string, value func() float64) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "deskcheck", Name: name, Help: help}, value))
}

// Metrics is the operation that answers with the figures of a registry.
func Metrics(registry *prometheus.Registry) Operation {
	return Get("getMetrics", "/metrics", func(c *Call) (*Answer, error) {
		page := &recorder{header: http.Header{}}
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(page, c.Request)
		return &Answer{Status: http.StatusOK, ContentType: page.header.Get("Content-Type"), Raw: page.body.Bytes()}, nil
	})
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
