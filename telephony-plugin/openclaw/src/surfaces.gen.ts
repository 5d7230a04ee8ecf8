// Made by `cargo xtask codegen` from telephony-plugin/src/host/surfaces.rs. Change that.

/** The version of the binary that fits. */
export const VERSION = "0.1.0";

/** The hash of all of this and the protocol. */
export const SURFACES_HASH = "cb6b96dd75314b26cf6fd9d3e6be5007";

/** The tool that the agent has. */
export const TOOL = {
  "name": "telephony",
  "label": "Telephony",
  "description": "Send texts (SMS), pictures (MMS) and place phone calls to other people, and look up what became of them. Do not use it to reply to whoever is texting you: what you answer reaches them by itself. Texts are plain: no Markdown. A send whose outcome is unknown may have arrived: never send it again.",
  "parameters": {
    "type": "object",
    "additionalProperties": false,
    "required": [
      "action"
    ],
    "properties": {
      "action": {
        "type": "string",
        "enum": [
          "send_sms",
          "send_mms",
          "initiate_call",
          "hang_up",
          "get_status"
        ],
        "description": "send_sms needs to and message; send_mms needs to and mediaUrl; initiate_call needs to; hang_up and get_status need id."
      },
      "to": {
        "type": "string",
        "description": "The phone number in E.164 form, as +15550001234."
      },
      "message": {
        "type": "string",
        "description": "The text to send, or what the call says. Plain text."
      },
      "mediaUrl": {
        "type": "string",
        "description": "The picture or file: an https:// URL, or the absolute path of a file."
      },
      "webhookUrl": {
        "type": "string",
        "description": "For a call, in place of message: the https:// URL of the carrier's own call instructions."
      },
      "id": {
        "type": "string",
        "description": "The id that send_sms, send_mms or initiate_call returned."
      },
      "accountId": {
        "type": "string",
        "description": "The account to use where several are configured."
      }
    }
  }
} as const;

/** The gateway's methods, and who may call them. */
export const GATEWAY_METHODS = [
  {
    "name": "telephony.send",
    "scope": "operator.write"
  },
  {
    "name": "telephony.send_mms",
    "scope": "operator.write"
  },
  {
    "name": "telephony.call",
    "scope": "operator.write"
  },
  {
    "name": "telephony.hangup",
    "scope": "operator.write"
  },
  {
    "name": "telephony.message_status",
    "scope": "operator.read"
  },
  {
    "name": "telephony.status",
    "scope": "operator.read"
  },
  {
    "name": "account.probe",
    "scope": "operator.read"
  }
] as const;

/** The commands below `openclaw telephony`. */
export const COMMANDS = {
  "name": "telephony",
  "description": "Text and call by the telephony channel",
  "subcommands": [
    {
      "name": "send",
      "description": "Send a text, or a picture",
      "arguments": [
        {
          "flags": "<to>",
          "description": "Whom: +, country code, number"
        },
        {
          "flags": "[message]",
          "description": "The text"
        }
      ],
      "options": [
        {
          "flags": "--media <url-or-path>",
          "description": "A picture or file"
        },
        {
          "flags": "--account <id>",
          "description": "The account; the default one when it is missing"
        },
        {
          "flags": "--json",
          "description": "Print the answer as JSON"
        }
      ]
    },
    {
      "name": "call",
      "description": "Place a call that says something",
      "arguments": [
        {
          "flags": "<to>",
          "description": "Whom: +, country code, number"
        }
      ],
      "options": [
        {
          "flags": "--say <text>",
          "description": "What the call says"
        },
        {
          "flags": "--url <url>",
          "description": "The carrier's own call instructions"
        },
        {
          "flags": "--account <id>",
          "description": "The account; the default one when it is missing"
        },
        {
          "flags": "--json",
          "description": "Print the answer as JSON"
        }
      ]
    },
    {
      "name": "status",
      "description": "Show how the channel is, or what became of a message or call",
      "arguments": [
        {
          "flags": "[id]",
          "description": "A message or a call"
        }
      ],
      "options": [
        {
          "flags": "--account <id>",
          "description": "The account; the default one when it is missing"
        },
        {
          "flags": "--json",
          "description": "Print the answer as JSON"
        }
      ]
    },
    {
      "name": "doctor",
      "description": "Look for mistakes of the set-up",
      "arguments": [],
      "options": [
        {
          "flags": "--json",
          "description": "Print the answer as JSON"
        }
      ]
    }
  ]
} as const;

/** Paths of secrets, of the root and of each account. */
export const SECRET_PATHS = [
  "twilio.authToken",
  "twilio.webhookSharedKey",
  "twilio.apiKeySecret",
  "telnyx.apiKey",
  "plivo.authToken",
  "tunnel.ngrokAuthToken",
  "database"
] as const;

/** The key of the configuration that each field of the set-up is. */
export const SETUP_PATHS = {
  "provider": "provider",
  "fromNumber": "fromNumber",
  "publicUrl": "publicUrl",
  "accountSid": "twilio.accountSid",
  "authToken": "twilio.authToken",
  "messagingServiceSid": "twilio.messagingServiceSid",
  "telnyxApiKey": "telnyx.apiKey",
  "telnyxPublicKey": "telnyx.publicKey",
  "telnyxMessagingProfileId": "telnyx.messagingProfileId",
  "plivoAuthId": "plivo.authId",
  "plivoAuthToken": "plivo.authToken",
  "inboundPolicy": "inboundPolicy",
  "allowFrom": "allowFrom"
} as const;
