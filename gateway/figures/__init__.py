"""Every figure of pages, mails, exports and the API, and the forecast with its own error."""
