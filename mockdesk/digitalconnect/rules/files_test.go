package rules_test

import (
	"net/http"
	"testing"

	"deskcheck/mockdesk/digitalconnect/rules"
)

func TestFileRules(t *testing.T) {
	link := call(http.MethodPost, rules.AttachmentsPath+"/upload-link", `{"allowed_mime_types":["application/pdf"]}`, answered(http.StatusOK, `{"request_id":"r-1","url":"https://`+storageHost+`/uploads/1?X-Signature=s"}`))
	upload := rules.Exchange{Party: rules.Storage, Method: http.MethodPut, Host: storageHost, Path: "/uploads/1", Query: "X-Signature=s", Header: http.Header{"Content-Type": {"application/pdf"}}, Body: []byte("12345"), Status: http.StatusOK}
	made := call(http.MethodPost, rules.AttachmentsPath, `{"name":"x.pdf","request_id":"r-1"}`, answered(http.StatusOK, `{"id":"a-1","name":"x.pdf","state":"ready"}`))
	file := func(item string) rules.Exchange { return message(body(`{"attachments":[` + item + `]}`)) }
	const right = `{"id":"a-1","name":"x.pdf","type":"application/pdf","size":5}`
	check(t, []verdict{
		{requirement: "DC-ATT-01", keeps: list(link, upload, made, start(), file(right)), breaks: list(link, made)},
		{requirement: "DC-ATT-01", name: "message before create", breaks: list(link, upload, start(), file(`{"id":"r-1","name":"x.pdf","type":"application/pdf","size":5}`))},
		{requirement: "DC-ATT-01", name: "path", breaks: list(with(link, path("/attachments/upload-link")))},
		{requirement: "DC-ATT-01", name: "no request id", breaks: list(with(made, body(`{"name":"x.pdf"}`)))},
		{requirement: "DC-ATT-01", name: "storage that nobody watches", keeps: list(link, made, start(), file(right)), about: func(a *rules.About) { a.SeesStorage = false }},
		{requirement: "DC-ATT-01", name: "file from before", keeps: list(start(), file(`{"id":"a-0","name":"x.pdf","type":"application/pdf","size":9}`))},
		{requirement: "DC-ATT-02", breaks: list(start(), file(`{"id":"a-1","name":"x.pdf","size":5}`))},
		{requirement: "DC-ATT-02", name: "other names", breaks: list(start(), file(`{"id":"a-1","filename":"x.pdf","mime_type":"application/pdf","size":5}`)), also: []string{"DC-CONV-20"}},
		{requirement: "DC-ATT-02", name: "no size", breaks: list(start(), file(`{"id":"a-1","name":"x.pdf","type":"application/pdf"}`))},
		{requirement: "DC-ATT-02", name: "no object", breaks: list(start(), file(`"a-1"`))},
		{requirement: "DC-ATT-03", breaks: list(start(), file(`{"id":"a-1","name":"x.pdf","type":"application/pdf","size":"5"}`))},
		{requirement: "DC-ATT-04", breaks: list(link, upload, made, start(), file(`{"id":"a-1","name":"x.pdf","type":"application/pdf","size":1}`))},
		{requirement: "DC-ATT-09", keeps: list(link, upload), breaks: list(link, with(upload, header("Authorization", "Bearer "+accessToken)))},
		{requirement: "DC-ATT-09", name: "in another header", breaks: list(token(), link, with(upload, header("X-Token", accessToken)))},
	})
}
