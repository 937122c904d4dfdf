"""What readers do on their own, by the links in their mails: leave, come back, choose, take their data along."""
