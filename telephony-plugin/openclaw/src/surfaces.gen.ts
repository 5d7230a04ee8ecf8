// Made by `cargo xtask codegen` from telephony-plugin/src/host/surfaces.rs. Change that.

/** The version of the binary that fits. */
export const VERSION = "0.1.0";

/** The hash of all of this and the protocol. */
export const SURFACES_HASH = "2f8667aa14ab585ac863b96b53e45168";

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
    "name": "telephony.command",
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
      "name": "hangup",
      "description": "End a call",
      "arguments": [
        {
          "flags": "<id>",
          "description": "The id that call has printed"
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
      "description": "Look for mistakes of the set-up, and say what to do",
      "arguments": [],
      "options": [
        {
          "flags": "--fix",
          "description": "Show what would be set with the carrier"
        },
        {
          "flags": "--yes",
          "description": "With --fix: set it"
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
    }
  ]
} as const;

/** Paths of all secrets, at the root. */
export const SECRET_PATHS = [
  "twilio.authToken",
  "twilio.webhookSharedKey",
  "twilio.apiKeySecret",
  "telnyx.apiKey",
  "plivo.authToken",
  "tunnel.ngrokAuthToken",
  "database"
] as const;

/** Paths of the secrets that an account has too. */
export const ACCOUNT_SECRET_PATHS = [
  "twilio.authToken",
  "twilio.webhookSharedKey",
  "twilio.apiKeySecret",
  "telnyx.apiKey",
  "plivo.authToken"
] as const;

/** The keys at the root that are an account's. */
export const ACCOUNT_KEYS = [
  "name",
  "provider",
  "fromNumber",
  "inboundPolicy",
  "dmPolicy",
  "allowFrom",
  "allowTo",
  "defaultTo",
  "publicUrl",
  "skipSignatureVerification",
  "mediaMaxMb",
  "twilio",
  "telnyx",
  "plivo",
  "sms",
  "voice",
  "pairing"
] as const;

/** What each provider cannot do without: a key, and the variable that stands in for it. */
export const CREDENTIALS = {
  "mock": [],
  "twilio": [
    [
      "accountSid",
      "TWILIO_ACCOUNT_SID"
    ],
    [
      "authToken",
      "TWILIO_AUTH_TOKEN"
    ]
  ],
  "telnyx": [
    [
      "apiKey",
      "TELNYX_API_KEY"
    ],
    [
      "publicKey",
      "TELNYX_PUBLIC_KEY"
    ]
  ],
  "plivo": [
    [
      "authId",
      "PLIVO_AUTH_ID"
    ],
    [
      "authToken",
      "PLIVO_AUTH_TOKEN"
    ]
  ]
} as const;

/** What picks the sender where no number is configured. */
export const SENDER_POOLS = {
  "twilio": [
    [
      "messagingServiceSid",
      ""
    ]
  ],
  "telnyx": [
    [
      "messagingProfileId",
      "TELNYX_MESSAGING_PROFILE_ID"
    ]
  ]
} as const;

/** What the channel is called. */
export const CHANNEL_META = {
  "id": "telephony",
  "label": "Telephony",
  "selectionLabel": "Telephony (SMS and calls: Twilio, Telnyx, Plivo)",
  "detailLabel": "Telephony",
  "docsPath": "/channels/telephony",
  "docsLabel": "telephony",
  "blurb": "SMS, MMS and calls through Twilio, Telnyx or Plivo.",
  "aliases": [
    "phone"
  ],
  "order": 89
};

/** What `openclaw channels add` asks for. */
export const SETUP_FIELDS = {
  "provider": {
    "kind": "choice",
    "cli": {
      "flags": "--provider <provider>",
      "description": "Who carries texts and calls"
    },
    "choices": [
      "twilio",
      "telnyx",
      "plivo",
      "mock"
    ]
  },
  "fromNumber": {
    "kind": "string",
    "cli": {
      "flags": "--from-number <e164>",
      "description": "The number it sends from"
    }
  },
  "publicUrl": {
    "kind": "string",
    "cli": {
      "flags": "--public-url <url>",
      "description": "The URL that leads to the server"
    }
  },
  "accountSid": {
    "kind": "string",
    "cli": {
      "flags": "--account-sid <sid>",
      "description": "Twilio Account SID"
    }
  },
  "authToken": {
    "kind": "string",
    "cli": {
      "flags": "--auth-token <token>",
      "description": "Twilio Auth Token"
    },
    "sensitive": true
  },
  "messagingServiceSid": {
    "kind": "string",
    "cli": {
      "flags": "--messaging-service-sid <sid>",
      "description": "Twilio Messaging Service SID"
    }
  },
  "telnyxApiKey": {
    "kind": "string",
    "cli": {
      "flags": "--telnyx-api-key <key>",
      "description": "Telnyx API key"
    },
    "sensitive": true
  },
  "telnyxPublicKey": {
    "kind": "string",
    "cli": {
      "flags": "--telnyx-public-key <key>",
      "description": "Telnyx public key, which webhooks are signed with"
    }
  },
  "telnyxMessagingProfileId": {
    "kind": "string",
    "cli": {
      "flags": "--telnyx-messaging-profile-id <id>",
      "description": "Telnyx messaging profile"
    }
  },
  "plivoAuthId": {
    "kind": "string",
    "cli": {
      "flags": "--plivo-auth-id <id>",
      "description": "Plivo Auth ID"
    }
  },
  "plivoAuthToken": {
    "kind": "string",
    "cli": {
      "flags": "--plivo-auth-token <token>",
      "description": "Plivo Auth Token"
    },
    "sensitive": true
  },
  "inboundPolicy": {
    "kind": "choice",
    "cli": {
      "flags": "--inbound-policy <policy>",
      "description": "Who may talk to the agent"
    },
    "choices": [
      "disabled",
      "allowlist",
      "pairing",
      "open"
    ]
  },
  "allowFrom": {
    "kind": "string-list",
    "cli": {
      "flags": "--allow-from <numbers>",
      "description": "Numbers that may always talk"
    }
  }
} as const;

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
