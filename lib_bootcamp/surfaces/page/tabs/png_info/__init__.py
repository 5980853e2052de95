"""The PNG info tab."""
