package agentmanager

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Body is what a message says: its type, and what that type has, as the schema shapes/body describes it.
type Body map[string]any

// Plain is a text.
func Plain(text string) Body { return Body{"type": "PLAIN", "markdownText": text} }

// samples are a body of each type, with addresses that lead nowhere.
var samples = map[string]Body{
	"PLAIN":                Plain("Good morning."),
	"IMAGE":                attachment("IMAGE", "photo.png", "image/png"),
	"VIDEO":                attachment("VIDEO", "clip.mp4", "video/mp4"),
	"AUDIO":                attachment("AUDIO", "sound.mp3", "audio/mpeg"),
	"VOICE":                attachment("VOICE", "voice.ogg", "audio/ogg"),
	"FILE":                 attachment("FILE", "invoice.pdf", "application/pdf"),
	"STICKER":              attachment("STICKER", "sticker.webp", "image/webp"),
	"LOCATION":             {"type": "LOCATION", "location": map[string]any{"latitude": 52.52, "longitude": 13.4}, "markdownText": "The shop"},
	"CONTACT":              {"type": "CONTACT", "contacts": []any{map[string]any{"name": map[string]any{"formattedName": "Kim Vale"}, "phones": []any{map[string]any{"phone": "+1 555 0100"}}, "additionalContactDetails": map[string]any{}}}},
	"URL":                  {"type": "URL", "mediaUrl": "https://shop.invalid/order/7", "markdownText": "My order"},
	"BUTTON":               {"type": "BUTTON", "buttonMessageType": "INLINE", "markdownText": "Which one?", "buttons": []any{map[string]any{"title": "The first", "type": "postback", "payload": "1"}}},
	"CAROUSEL":             {"type": "CAROUSEL", "carouselMessageType": "GENERIC", "elements": []any{map[string]any{"title": "A lamp"}}},
	"WRAPUP":               {"type": "WRAPUP", "wrapups": []any{map[string]any{"categoryName": "Sales", "value": "Sold"}}, "note": "Content"},
	"DELIVERYNOTIFICATION": {"type": "DELIVERYNOTIFICATION", "messageId": "message", "status": "DELIVERED", "reasonCode": 200},
	"NOTIFICATION":         {"type": "NOTIFICATION", "notificationType": "TYPING_STARTED"},
	"COMMENT":              {"type": "COMMENT", "postId": "post-1", "itemType": "TEXT", "markdownText": "A comment below a post"},
	"DELETEDNOTIFICATION":  {"type": "DELETEDNOTIFICATION", "messageId": "message"},
	"EMAIL":                {"type": "EMAIL", "markdownText": "Dear shop, my lamp has arrived."},
	"RECEIPT":              {"type": "RECEIPT", "markdownText": "Receipt 7"},
	"TEMPLATE":             {"type": "TEMPLATE", "markdownText": "A template"},
	"CUSTOM":               {"type": "CUSTOM", "markdownText": "Something else"},
	"ACTION":               {"type": "ACTION", "markdownText": "An action"},
}

// BodyTypes are the types of messages, in alphabetical order.
func BodyTypes() []string { return slices.Sorted(maps.Keys(samples)) }

// Sample is a body of a type that has all that the type must have. The error names a type that there is not.
func Sample(kind string) (Body, error) {
	body, known := samples[kind]
	if !known {
		return nil, fmt.Errorf("there is no message type %q; use one of %s", kind, strings.Join(BodyTypes(), ", "))
	}
	return maps.Clone(body), nil
}

func attachment(kind, name, mime string) Body {
	return Body{
		"type": kind, "caption": name, "additionalDetails": map[string]any{"fileName": name},
		"attachment": map[string]any{"mediaUrl": "https://files.invalid/" + name, "mimeType": mime, "size": 1024, "thumbnail": ""},
	}
}
