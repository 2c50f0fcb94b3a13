package digitalconnect

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// The operations, by the names that faults are played on and the journal knows.
const (
	OpToken        = "token"
	OpCerts        = "certs"
	OpStart        = "start"
	OpMessage      = "message"
	OpEnd          = "end"
	OpUploadLink   = files.OpUploadLink
	OpUpload       = files.OpUpload
	OpCreate       = files.OpCreate
	OpAttachment   = files.OpAttachment
	OpDownloadLink = files.OpDownloadLink
	OpDownload     = files.OpDownload
)

// Operations are all on which faults can be played, in the order in which a conversation may meet them.
func Operations() []string {
	return []string{OpToken, OpCerts, OpStart, OpMessage, OpEnd, OpUploadLink, OpUpload, OpCreate, OpAttachment, OpDownloadLink, OpDownload, files.OpList, files.OpDelete}
}

// How large bodies may be, in bytes. No document says it; what is larger is refused with 413 and told.
const (
	maxForm = 64 << 10
	maxBody = rules.LongestBody
)

// exchange is one request on its way to an answer.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	party journal.Party
	// operation, pattern and conversation are what is asked for; an empty operation is none that there is.
	operation, pattern, conversation string
	// limit is how large the body may be; effect has what was asked happen, with Talkdesk.mu held.
	limit  int64
	effect func(*exchange) reply
	// tooLarge is the answer to a body over the limit, nil for the API's own.
	tooLarge func() reply

	body []byte
	at   time.Time
	seq  int
}

// reply is what is answered.
type reply struct {
	status int
	header http.Header
	body   []byte
	// note is what the journal is to say of it, conversation what it turned out to be about.
	note, conversation string
	// after is called once the reply has gone out or was lost, without a lock.
	after func()
}

// lost is the reply as the client, which had gone before, did not get it.
func (rep reply) lost() reply {
	return reply{note: strings.TrimSpace(fmt.Sprintf("The client had gone before the answer %d. ", rep.status) + rep.note), conversation: rep.conversation}
}

// name is the request as the journal and reports call it.
func (x *exchange) name() string { return x.r.Method + " " + x.r.URL.EscapedPath() }

// ServeHTTP serves one request of the connector's. Which of the three it is for goes by the host of the request, or where they share one by its path; a host that is none of these is answered with 421.
func (t *Talkdesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !t.enter() {
		panic(http.ErrAbortHandler)
	}
	defer t.work.Done()
	x := &exchange{w: w, r: r, at: time.Now(), limit: maxBody}
	x.party = t.party(r)
	t.route(x)
	if err := t.read(x); err != nil {
		t.refuseBody(x, err)
		return
	}
	// Requests, the faults that are played on them and their effects share one order: the one in which they pass here.
	t.mu.Lock()
	t.recordRequest(x, "")
	decision := t.plan.Next(x.arrival(fault.Request))
	switch {
	case decision.Fault.Kind == fault.Accept:
		rep := x.effect(x)
		t.mu.Unlock()
		t.answer(x, rep)
	case decision.AtOnce():
		rep := x.effect(x)
		t.mu.Unlock()
		t.misplay(x, decision, func() reply { return rep })
	default:
		t.mu.Unlock()
		t.misplay(x, decision, func() reply {
			t.mu.Lock()
			defer t.mu.Unlock()
			return x.effect(x)
		})
	}
}

// route finds out what a request asks for.
func (t *Talkdesk) route(x *exchange) {
	switch x.party {
	case Identity:
		t.routeIdentity(x)
	case API:
		t.routeAPI(x)
	case Storage:
		t.routeFile(x, t.store.Storage(x.r))
	default:
		x.effect = func(*exchange) reply {
			rep := plain(http.StatusMisdirectedRequest, "This host is none of Talkdesk's.")
			rep.note = fmt.Sprintf("The host %s is none of the mock's; the connector's configuration leads here, or its name does.", x.r.Host)
			return rep
		}
	}
}

// routeFile has a request served by the attachments; nil is none of theirs.
func (t *Talkdesk) routeFile(x *exchange, call *files.Call) {
	if call == nil {
		x.effect = func(*exchange) reply { return unknownRoute(x) }
		return
	}
	x.operation, x.pattern, x.limit = call.Operation, filePattern(x.r), call.Limit
	x.effect = func(x *exchange) reply { return fromFile(call.Do(x.body)) }
	x.tooLarge = func() reply { return fromFile(call.TooLarge()) }
}

// filePattern is the path of a request about files without what is different each time.
func filePattern(r *http.Request) string {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	for i, s := range segments {
		if i > 0 && (segments[i-1] == "2023-03" && s != "upload-link" || segments[i-1] == "uploads" || segments[i-1] == "downloads") {
			segments[i] = "{id}"
		}
	}
	return r.Method + " " + strings.Join(segments, "/")
}

func fromFile(rep files.Reply) reply {
	return reply{status: rep.Status, header: rep.Header, body: rep.Body, note: strings.Join(rep.Notes, " ")}
}

// read takes the body in before anything else happens: only then does the server notice a client that goes away.
func (t *Talkdesk) read(x *exchange) (err error) {
	body := x.r.Body
	if decision := t.plan.Next(x.arrival(fault.Upload)); decision.Fault.Kind != fault.Accept {
		body = decision.Reads(x.r, t.done)
	}
	x.body, err = io.ReadAll(http.MaxBytesReader(x.w, body, x.limit))
	return err
}

func (t *Talkdesk) refuseBody(x *exchange, err error) {
	tooLarge, ok := errors.AsType[*http.MaxBytesError](err)
	if !ok {
		t.recordRequest(x, "The body never came to its end.")
		t.recordResponse(x, reply{note: "the connection broke while the body was read"})
		panic(http.ErrAbortHandler)
	}
	t.recordRequest(x, fmt.Sprintf("The body is over %d bytes, which is all that the mock reads here.", tooLarge.Limit))
	rep := refusal(http.StatusRequestEntityTooLarge, "MOCK-413", "The body is too large", fmt.Sprintf("A body may have %d bytes at most.", tooLarge.Limit))
	if x.tooLarge != nil {
		rep = x.tooLarge()
	}
	t.answer(x, rep)
}

// arrival is the request as rules of faults know it.
func (x *exchange) arrival(moment fault.Moment) fault.Arrival {
	return fault.Arrival{Moment: moment, Operation: x.operation, Route: x.pattern, Conversation: x.conversation}
}

// misplay answers a request as the fault has it that was decided on.
func (t *Talkdesk) misplay(x *exchange, decision fault.Decision, effect func() reply) {
	note, conversation := "", ""
	decision.Serve(fault.Exchange{
		W: x.w, R: x.r, Done: t.done,
		Effect: func() fault.Reply {
			rep := effect()
			note, conversation = rep.note, rep.conversation
			return fault.Reply{Status: rep.status, Header: rep.header, Body: rep.body, After: rep.after}
		},
		Refusal: func(status int, title string) fault.Reply {
			rep := x.refused(status, title)
			return fault.Reply{Status: rep.status, Header: rep.header, Body: rep.body}
		},
		Answering: func(o fault.Outcome) {
			gone := o.Status != 0 && x.r.Context().Err() != nil
			if o.Note != "" && !gone {
				note = o.Note
			}
			if decision.Fault.Kind == fault.Truncate && len(o.Body) > 0 {
				o.Body = o.Body[:min(decision.Fault.Bytes, len(o.Body)-1)]
			}
			rep := reply{status: o.Status, body: o.Body, note: note, conversation: conversation}
			if gone {
				rep = rep.lost()
			}
			t.recordResponse(x, rep)
		},
	})
}

// refused is a refusal on purpose, in the words of whoever is asked.
func (x *exchange) refused(status int, title string) reply {
	switch x.party {
	case Identity:
		return tokenError(status, map[int]string{http.StatusUnauthorized: "invalid_client", http.StatusBadRequest: "invalid_request"}[status], title)
	case Storage:
		return plain(status, title)
	default:
	}
	return refusal(status, "MOCK-"+strconv.Itoa(status), title, "The mock was told to answer so.")
}

// answer writes the reply.
func (t *Talkdesk) answer(x *exchange, rep reply) {
	header := x.w.Header()
	maps.Copy(header, rep.header)
	if rep.status != http.StatusNoContent {
		header.Set("Content-Length", strconv.Itoa(len(rep.body)))
	}
	// Recorded before the client can know, so that nothing it does in return seems to have come first.
	told := rep
	if x.r.Context().Err() != nil {
		told = rep.lost()
	}
	t.recordResponse(x, told)
	x.w.WriteHeader(rep.status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write(rep.body) // A client that has gone needs no answer.
	}
	if rep.after != nil {
		_ = http.NewResponseController(x.w).Flush()
		rep.after()
	}
}

// exchanged is the exchange as the rules know it.
func (t *Talkdesk) exchanged(x *exchange, rep reply) rules.Exchange {
	header := x.w.Header().Clone()
	maps.Copy(header, rep.header)
	at := x.at.Sub(t.started)
	return rules.Exchange{
		Seq: x.seq, Party: string(x.party), Method: x.r.Method, Host: withoutPort(x.r.Host), Path: x.r.URL.EscapedPath(), Query: x.r.URL.RawQuery, Header: x.r.Header, Body: x.body,
		Status: rep.status, ResponseHeader: header, ResponseBody: rep.body, At: at, Took: time.Since(t.started) - at,
	}
}

// segments are the parts of a path, each as it was before it was escaped. The error is of an escape that is none.
func segments(r *http.Request) ([]string, error) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil {
			return nil, fmt.Errorf("the path %q cannot be unescaped: %w", r.URL.EscapedPath(), err)
		}
	}
	return parts, nil
}
