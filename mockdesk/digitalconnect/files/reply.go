package files

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
)

// Reply is the answer to a request, for whoever serves it to send and to write down.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	// Attachment is the one that the request made, read, linked to, sent or deleted, nil if there is none.
	Attachment *Attachment
	// Uploaded are the size and the digest of what an upload left at the storage, nil for everything else.
	Uploaded *Uploaded
	// Notes say, each in a sentence, what is unusual about the request and is accepted all the same.
	Notes []string
}

// Uploaded tells of bytes in their place.
type Uploaded struct {
	// Type is what the client said that they are, Size their number, SHA256 their digest in hexadecimal.
	Type   string `json:"type,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// problem is the error envelope of Talkdesk's API. Its codes are not published: the mock's own say that they are its own.
type problem struct {
	Code        string         `json:"code"`
	Message     string         `json:"message"`
	Description string         `json:"description,omitempty"`
	Fields      []problemField `json:"fields,omitempty"`
}

type problemField struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// ok is an answer with a value in JSON.
func ok(value any) Reply {
	return Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: encoded(value)}
}

// refused is an answer with the error envelope.
func refused(status int, code, message string, fields ...problemField) Reply {
	return Reply{Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: encoded(problem{Code: "MOCK-ATTACHMENTS-" + code, Message: message, Fields: fields})}
}

// badField is a refusal over one field of a body, or one parameter.
func badField(name, description string) Reply {
	return refused(http.StatusBadRequest, "INVALID", "The request is not valid: "+name+" "+description+".", problemField{Name: name, Description: description})
}

// storageProblem is the answer of a storage, which does not speak as the API does.
func storageProblem(status int, code, message string) Reply {
	body, _ := xml.Marshal(struct { //nolint:errchkjson // Two strings always marshal.
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: code, Message: message})
	return Reply{Status: status, Header: http.Header{"Content-Type": {"application/xml"}}, Body: append([]byte(xml.Header), body...)}
}

// wrongMethod is the answer to a method that a path does not have.
func wrongMethod(allow string) Reply {
	rep := refused(http.StatusMethodNotAllowed, "METHOD", "There is no such operation here; the methods are "+allow+".")
	rep.Header.Set("Allow", allow)
	return rep
}

func encoded(value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		// The values are of this package and hold texts, numbers and what was read as JSON.
		panic("an answer of the attachments cannot be written as JSON: " + err.Error())
	}
	return body
}
