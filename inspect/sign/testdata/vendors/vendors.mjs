// Signs and verifies webhooks with the code that their providers publish. Each line of standard input is a task, each line of standard output its answer:
//
//   {"do": "sign", "provider", "secret", "url", "body", "time"}          → {"headers"}, and {"secret"} where the verifier has another one: a public key
//   {"do": "verify", "provider", "secret", "url", "body", "headers"}     → {"good": true} or {"good": false}
//
// Time is in seconds. A provider without a sign of its own publishes code that verifies only. What goes wrong but for a signature is {"error"}.

import { createInterface } from "node:readline";
import { generateKeyPairSync, sign as signBytes } from "node:crypto";
import { createRequire } from "node:module";
import { sign as githubSign, verify as githubVerify } from "@octokit/webhooks-methods";
import { EventWebhook } from "@sendgrid/eventwebhook";
import { Paddle } from "@paddle/paddle-node-sdk";
import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { verifyKey } from "discord-interactions";
import Stripe from "stripe";
import twilio from "twilio";

const require = createRequire(import.meta.url);
const { verifySlackRequest } = require("./node_modules/@slack/bolt/dist/receivers/verify-request.js"); // bolt does not export it
const { PrivateKey, Ecdsa } = require("starkbank-ecdsa"); // what SendGrid's package verifies with
const { p256, secp256k1 } = require("starkbank-ecdsa/ellipticcurve/curve.js"); // the service's own keys are of the first, the package's of the second
const { getExpectedTwilioSignature } = require("twilio/lib/webhooks/webhooks.js");

const stripe = new Stripe("sk_test_none");
const formOf = (body) => Object.fromEntries(new URLSearchParams(body));

// throws makes a verifier that throws one that answers.
const throws = (verify) => (task) => {
	verify(task);
	return true;
};

// threeFields are Svix's and Standard Webhooks', whose libraries take a Date.
const threeFields = (prefix, Webhook) => ({
	sign: ({ secret, body, time }) => {
		const id = "msg_" + time;
		const signature = new Webhook(secret).sign(id, new Date(time * 1000), body);
		return { headers: { [prefix + "-id"]: id, [prefix + "-timestamp"]: String(time), [prefix + "-signature"]: signature } };
	},
	verify: throws(({ secret, body, headers }) => new Webhook(secret).verify(body, headers)),
});

const providers = {
	github: {
		sign: async ({ secret, body }) => ({ headers: { "x-hub-signature-256": await githubSign(secret, body) } }),
		verify: ({ secret, body, headers }) => githubVerify(secret, body, headers["x-hub-signature-256"]),
	},
	stripe: {
		sign: ({ secret, body, time }) => ({ headers: { "stripe-signature": stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: time }) } }),
		verify: throws(({ secret, body, headers }) => stripe.webhooks.constructEvent(body, headers["stripe-signature"], secret)),
	},
	twilio: {
		sign: ({ secret, url, body }) => ({ headers: { "x-twilio-signature": getExpectedTwilioSignature(secret, url, url.includes("bodySHA256") ? {} : formOf(body)) } }),
		verify: ({ secret, url, body, headers }) =>
			url.includes("bodySHA256")
				? twilio.validateRequestWithBody(secret, headers["x-twilio-signature"], url, body)
				: twilio.validateRequest(secret, headers["x-twilio-signature"], url, formOf(body)),
	},
	svix: threeFields("svix", SvixWebhook),
	"standard-webhooks": threeFields("webhook", StandardWebhook),
	slack: {
		verify: throws(({ secret, body, headers }) => verifySlackRequest({ signingSecret: secret, body, headers })),
	},
	paddle: {
		verify: ({ secret, body, headers }) => new Paddle("none").webhooks.isSignatureValid(body, secret, headers["paddle-signature"]),
	},
	linear: {
		verify: ({ secret, body, headers }) =>
			new LinearWebhookClient(secret).verify(Buffer.from(body), headers["linear-signature"], JSON.parse(body).webhookTimestamp),
	},
	sendgrid: {
		sign: ({ secret: curve, body, time }) => {
			const key = new PrivateKey(curve === "secp256k1" ? secp256k1 : p256);
			const signature = Ecdsa.sign(time + body, key).toBase64();
			const secret = key.publicKey().toPem().replace(/-----.*?-----|\n/g, "");
			return { secret, headers: { "x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": String(time) } };
		},
		verify: ({ secret, body, headers }) => {
			const w = new EventWebhook();
			const signature = headers["x-twilio-email-event-webhook-signature"];
			return w.verifySignature(w.convertPublicKeyToECDSA(secret), body, signature, headers["x-twilio-email-event-webhook-timestamp"]);
		},
	},
	discord: {
		sign: ({ body, time }) => {
			const { publicKey, privateKey } = generateKeyPairSync("ed25519");
			const secret = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
			const signature = signBytes(null, Buffer.from(time + body), privateKey).toString("hex");
			return { secret, headers: { "x-signature-ed25519": signature, "x-signature-timestamp": String(time) } };
		},
		verify: ({ secret, body, headers }) => verifyKey(body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], secret),
	},
};

async function answer(task) {
	const provider = providers[task.provider];
	if (task.do === "sign") {
		return provider.sign(task);
	}
	try {
		return { good: Boolean(await provider.verify(task)) };
	} catch (e) {
		if (e instanceof ReferenceError || (e instanceof TypeError && /is not a (function|constructor)/.test(e.message))) {
			throw e; // the library is not what it was
		}
		return { good: false };
	}
}

for await (const line of createInterface({ input: process.stdin })) {
	const reply = await answer(JSON.parse(line)).catch((e) => ({ error: String(e) }));
	process.stdout.write(JSON.stringify(reply) + "\n");
}
