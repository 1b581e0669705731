import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** How near to its end something is that counts as there. */
const nearPx = 4;

/**
 * Shows what may be longer than the page. Who is at its end stays there while it grows, or the room for it shrinks; who
 * has scrolled up is left alone. It goes to the end when `jumpTo` changes, and to its beginning where that is undefined.
 */
export function Scroller(props: { jumpTo: string | undefined; children: ComponentChildren }) {
  const { jumpTo, children } = props;
  const room = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const isFollowing = useRef(true);
  isFollowing.current = jumpTo !== undefined;
  const goToEnd = () => {
    if (room.current !== null) room.current.scrollTop = room.current.scrollHeight;
  };

  useEffect(() => {
    const { current: element } = room;
    if (element === null || content.current === null) return;
    let topPx = element.scrollTop;
    const onScroll = () => {
      const restPx = element.scrollHeight - element.clientHeight - element.scrollTop;
      if (restPx <= nearPx) isAtEnd.current = isFollowing.current;
      // Growth moves the end away without a move of the reader's.
      else if (element.scrollTop < topPx) isAtEnd.current = false;
      topPx = element.scrollTop;
    };
    const sizes = new ResizeObserver(() => isAtEnd.current && goToEnd());
    sizes.observe(element);
    sizes.observe(content.current);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, []);

  useLayoutEffect(() => {
    isAtEnd.current = jumpTo !== undefined;
    if (isAtEnd.current) goToEnd();
    else if (room.current !== null) room.current.scrollTop = 0;
  }, [jumpTo]);

  return (
    <div class="thread" ref={room}>
      <div ref={content}>{children}</div>
    </div>
  );
}
