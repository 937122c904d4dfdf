"""The WebSub hub: takes subscriptions to our own feeds, delivers each change to all who subscribed, and tells outside hubs."""
