"""Records: what the words return, and what is made of that without looking at any object."""
