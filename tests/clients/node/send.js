// Sends mixed events through the official Node SDK. Prints what it was told of errors, as JSON.
"use strict";

const Analytics = require("@rudderstack/rudder-sdk-node");

const [url, key, ...numbers] = process.argv.slice(2);
// How often it tries again is the SDK's own default, unless it is given.
const [number, retryCount = 3] = numbers.map(Number);
const errors = [];
const errorHandler = (error) => errors.push([error.response ? error.response.status : 0, 1]);
// Nothing of what the SDK logs: standard output is for the result.
const analytics = new Analytics(key, { dataPlaneUrl: url, errorHandler, retryCount, logLevel: "fatal" });

let open = number;
const ended = () => {
  open -= 1;
  if (open === 0) {
    console.log(JSON.stringify({ errors }));
    process.exit(0);
  }
};

for (let n = 0; n < number; n += 1) {
  const userId = `user-${n % 50}`;
  switch (n % 10) {
    case 0:
    case 1:
      analytics.identify({ userId, traits: { n, email: `${userId}@example.com` } }, ended);
      break;
    case 2:
      analytics.group({ userId, groupId: `group-${n % 7}`, traits: { n } }, ended);
      break;
    case 3:
      analytics.page({ userId, category: "Docs", name: "Index", properties: { n } }, ended);
      break;
    case 4:
      analytics.screen({ userId, category: "Docs", name: "Index", properties: { n } }, ended);
      break;
    case 5:
      analytics.alias({ userId, previousId: `${userId}-before` }, ended);
      break;
    default:
      analytics.track({ userId, event: "Order Completed", properties: { n, name: "Zoë \u{1f600}" } }, ended);
  }
}
analytics.flush();
