package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// report is the table that is printed in the end.
type report struct{ rows []row }

// row is a figure: of the desk, of a peer, what the one is of the other, and what was wanted.
type row struct {
	figure, desk, peer, ratio, target string
	// verdict is empty where nothing is wanted.
	verdict string
}

func (r *report) add(one row) { r.rows = append(r.rows, one) }

func (r *report) render(out io.Writer) {
	t := table.NewWriter()
	t.SetOutputMirror(out)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}, {Number: 3, Align: text.AlignRight, AlignHeader: text.AlignRight}})
	t.AppendHeader(table.Row{"", "desk", "peer", "ratio", "target", ""})
	for _, one := range r.rows {
		t.AppendRow(table.Row{one.figure, one.desk, one.peer, one.ratio, one.target, one.verdict})
	}
	t.Render()
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

// median is the middle of some values, the upper one of two; there is one at least.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// each is one figure of every round.
func each[T any](rounds []T, figure func(T) float64) []float64 {
	all := make([]float64, len(rounds))
	for i, one := range rounds {
		all[i] = figure(one)
	}
	return all
}

// ratios are what the desk has done of what its peer has, round by round.
func ratios(desk, peer []float64) []float64 {
	all := make([]float64, len(desk))
	for i := range desk {
		all[i] = desk[i] / peer[i]
	}
	return all
}

// spread words ratios: their median, and from which to which they go.
func spread(all []float64) string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", median(all), slices.Min(all), slices.Max(all))
}

// grouped words a whole number with its thousands apart.
func grouped(n float64) string {
	digits := strconv.FormatInt(int64(n+0.5), 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

func micros(d float64) string { return fmt.Sprintf("%.1f µs", d/float64(time.Microsecond)) }

func kibibytes(n float64) string { return fmt.Sprintf("%.1f KiB", n/(1<<10)) }

func mebibytes(n float64) string { return fmt.Sprintf("%.1f MiB", n/(1<<20)) }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", share*100) }

func millis(microseconds float64) string { return fmt.Sprintf("%.1f ms", microseconds/1000) }

// tellSockets adds what came of the conversations: with the desk, with one that saves nothing, and with the bare server.
func (b *bench) tellSockets(desk, unsaved, bare []visit) {
	b.table.add(row{figure: "conversations open at once, each on a socket", desk: grouped(float64(b.conversations)), target: "at least " + grouped(targetOpen), verdict: verdict(b.conversations >= targetOpen)})
	for _, kind := range []struct {
		visits      []visit
		rate, spent string
	}{
		{desk, "frames a second, both ways (peer: bare echo)", "time of processors for a frame"},
		{unsaved, "the same, nothing saved (--ephemeral)", "time of processors for a frame, nothing saved"},
	} {
		b.compare(kind.rate, grouped, each(kind.visits, visit.rate), each(bare, visit.rate),
			fmt.Sprintf("ratio at least %.1f", targetThroughput), func(_, ratio float64) bool { return ratio >= targetThroughput })
		b.compare(kind.spent, micros, each(kind.visits, visit.worked), each(bare, visit.worked), "", nil)
	}
	b.table.add(row{figure: "time of processors that nobody had meanwhile (idle)", desk: percent(median(each(desk, visit.spare))), peer: percent(median(each(bare, visit.spare)))})
	for _, percentile := range []float64{50, 99, 99.9} {
		at := func(v visit) float64 { return float64(v.latency.ValueAtPercentile(percentile)) }
		target, met := "", func(float64, float64) bool { return true }
		if percentile == 99 {
			limit := float64(targetLatency.Microseconds())
			target, met = "under "+millis(limit), func(desk, _ float64) bool { return desk < limit }
		}
		b.compare(fmt.Sprintf("a line and its answer at half the desk's rate, %g %%", percentile), millis, each(desk, at), each(bare, at), target, met)
	}
	b.compare("memory of a conversation in which nothing happens", kibibytes, each(desk, visit.size), each(bare, visit.size),
		"at most "+kibibytes(targetMemory), func(desk, _ float64) bool { return desk <= targetMemory })
	b.table.add(row{figure: "time of processors that others had meanwhile (steal)", desk: percent(median(each(desk, visit.stolen))), peer: percent(median(each(bare, visit.stolen)))})
}

func (v visit) rate() float64   { return v.frames }
func (v visit) size() float64   { return v.memory }
func (v visit) worked() float64 { return float64(v.work) }
func (v visit) stolen() float64 { return v.kept }
func (v visit) spare() float64  { return v.idle }

// compare adds a figure of the desk beside that of a peer, where there is one; met says, by the medians of the figure and of the ratio, whether the target is met.
func (b *bench) compare(figure string, word func(float64) string, desk, peer []float64, target string, met func(desk, ratio float64) bool) {
	one, ratio := row{figure: figure, desk: word(median(desk)), target: target}, 0.0
	if len(peer) > 0 {
		all := ratios(desk, peer)
		one.peer, one.ratio, ratio = word(median(peer)), spread(all), median(all)
	}
	if target != "" {
		one.verdict = verdict(met(median(desk), ratio))
	}
	b.table.add(one)
}

// tellStubs adds what came of the requests.
func (b *bench) tellStubs(desk, peer [][]answered) {
	for i, m := range manners {
		target := ""
		if !m.fresh && len(peer[i]) > 0 {
			target = fmt.Sprintf("ratio at least %d", targetStubs)
		}
		rate := func(one answered) float64 { return one.rate }
		work := func(one answered) float64 { return float64(one.work) }
		b.compare(m.name+" (peer: Mockoon)", grouped, each(desk[i], rate), each(peer[i], rate), target, func(_, ratio float64) bool { return ratio >= targetStubs })
		b.compare("time of processors for an answer", micros, each(desk[i], work), each(peer[i], work), "", nil)
	}
}

// tellChurn adds what came of conversations that came and went, so many a second.
func (b *bench) tellChurn(seen []sample, rate float64) {
	b.table.add(row{figure: fmt.Sprintf("conversations that came and went a second, for %s", b.churn), desk: grouped(rate)})
	size := len(seen) / parts
	for _, figure := range []struct {
		name string
		of   func(sample) float64
	}{{"memory", func(s sample) float64 { return s.memory }}, {"heap after a collection", func(s sample) float64 { return s.heap }}} {
		warm, end := median(each(seen[size:2*size], figure.of)), median(each(seen[len(seen)-size:], figure.of))
		b.table.add(row{
			figure: figure.name + " in the end (peer: after the warm-up)", desk: mebibytes(end), peer: mebibytes(warm), ratio: fmt.Sprintf("%.2f", end/warm),
			target: fmt.Sprintf("ratio at most %.2f", 1+targetGrowth), verdict: verdict(end <= warm*(1+targetGrowth)),
		})
	}
}
