package rules

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// AttachmentsPath is where files are announced and created, at the API host (DC-ATT-01).
const AttachmentsPath = "/attachments/2023-03"

// upload is a file on its way from the connector, from the request of a link on.
type upload struct {
	request string
	// bytes is how many were taken by the storage, -1 for none yet.
	bytes int
}

// files is what the exchanges show of files.
type files struct {
	// byAddress are uploads by the host and path of their link, byRequest by their request id, byID by the id of the attachment that was made of them.
	byAddress, byRequest, byID map[string]*upload
}

func newFiles() files {
	return files{byAddress: map[string]*upload{}, byRequest: map[string]*upload{}, byID: map[string]*upload{}}
}

// attachments judges a call of the attachments API.
func (j *Judge) attachments(v *verdict, x Exchange) {
	rest, is := strings.CutPrefix(x.Path, AttachmentsPath)
	switch {
	case !is || rest != "" && !strings.HasPrefix(rest, "/"):
		v.breach("DC-ATT-01", "", "the attachments API at "+AttachmentsPath, x.Method+" "+x.Path)
	case rest == "/upload-link" && x.Method == http.MethodPost:
		j.uploadLink(x)
	case rest == "" && x.Method == http.MethodPost:
		j.created(v, x)
	}
}

func (j *Judge) uploadLink(x Exchange) {
	var reply struct {
		RequestID string `json:"request_id"`
		URL       string `json:"url"`
	}
	if x.Status/100 != 2 || json.Unmarshal(x.ResponseBody, &reply) != nil || reply.RequestID == "" {
		return
	}
	u := &upload{request: reply.RequestID, bytes: -1}
	j.files.byRequest[reply.RequestID] = u
	if link, err := url.Parse(reply.URL); err == nil {
		j.files.byAddress[placeOf(link.Host, link.EscapedPath())] = u
	}
}

// placeOf is where a link leads, without a port that goes without saying: exchanges have hosts so.
func placeOf(host, path string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80") + path
}

// storage judges a request to the storage: DC-ATT-09.
func (j *Judge) storage(v *verdict, x Exchange) {
	if scheme, _, _ := strings.Cut(x.Header.Get("Authorization"), " "); scheme != "" {
		v.breach("DC-ATT-09", "Authorization", "no Authorization header for the storage: its links are signed by themselves", "one")
	} else {
		for _, name := range sorted(x.Header) {
			if j.secretIn(strings.Join(x.Header[name], "\n")) {
				v.breach("DC-ATT-09", name, "no secret for the storage", "a secret")
			}
		}
	}
	if u := j.files.byAddress[placeOf(x.Host, x.Path)]; u != nil && x.Status/100 == 2 && (x.Method == http.MethodPut || x.Method == http.MethodPost) {
		u.bytes = len(x.Body)
	}
}

// created is DC-ATT-01 for a file that is created before its bytes are there.
func (j *Judge) created(v *verdict, x Exchange) {
	var said struct {
		RequestID string `json:"request_id"`
	}
	if json.Unmarshal(x.Body, &said) != nil {
		v.breach("DC-ATT-01", "", "name and request_id", "a body that is no JSON with these")
		return
	}
	u := j.files.byRequest[said.RequestID]
	switch {
	case said.RequestID == "":
		v.breach("DC-ATT-01", "/request_id", "the request id of the upload link", "nothing")
	case u != nil && u.bytes < 0 && j.about.SeesStorage:
		v.breach("DC-ATT-01", "", "the upload before the attachment is created", "an attachment for a link that nothing was uploaded to")
	}
	var reply struct {
		ID string `json:"id"`
	}
	if u != nil && x.Status/100 == 2 && json.Unmarshal(x.ResponseBody, &reply) == nil && reply.ID != "" {
		j.files.byID[reply.ID] = u
	}
}

// inMessage judges the files of a message: DC-ATT-01 for one that was never created although its upload is known, DC-ATT-04 for its size. Files that the judge knows nothing of may be from before.
func (j *Judge) inMessage(v *verdict, items []File) {
	for i, f := range items {
		pointer := fmt.Sprintf("/attachments/%d", i)
		if u := j.files.byRequest[f.ID]; u != nil {
			v.breach("DC-ATT-01", pointer+"/id", "the id of the attachment that was created", "the request id of its upload")
			continue
		}
		u := j.files.byID[f.ID]
		if u == nil || u.bytes < 0 || f.Size < 0 || math.Abs(f.Size-float64(u.bytes)) < 0.5 {
			continue
		}
		v.breach("DC-ATT-04", pointer+"/size", strconv.Itoa(u.bytes)+", the bytes that were uploaded", strconv.FormatFloat(f.Size, 'f', -1, 64))
	}
}
