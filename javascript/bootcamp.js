// Behaviour of the Bootcamp tabs that needs the browser; also loaded by the WebUI.
